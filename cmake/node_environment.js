// What programs under node see of the environment: all of it, where emscripten has a few variables of its own.
Module['preRun'] = () => Object.assign(ENV, process.env);
