# cache_folder: where scripts/fetch_* put what they fetch.
if(DEFINED ENV{XDG_CACHE_HOME})
  set(cache_folder $ENV{XDG_CACHE_HOME}/realizar)
else()
  set(cache_folder $ENV{HOME}/.cache/realizar)
endif()
