// Makes the page work offline once it has been opened.
//
// The files of the page and the engine come from the network wherever it answers, so that an update is taken the
// next time the page is opened, and from the cache otherwise. The model is read from the cache while the server
// has no other one. A change of what the caches mean takes other names for them.

const pageCache = 'realizar-page-1';
const modelCache = 'realizar-model-1';

const files = [
  './', 'app.js', 'chat.js', 'chat_view.js', 'conversation.js', 'engine.js', 'file_picker.js',
  'format.js', 'icon.svg', 'loader.js', 'manifest.webmanifest', 'markdown.js', 'markdown_view.js',
  'offline.js', 'page.js', 'served_model.js', 'settings.js', 'settings_dialog.js', 'style.css',
];
// The engine, and what is not there on every server.
const filesElsewhere = [
  'model.json', 'dist/realizar.mjs', 'dist/realizar_worker.js', 'dist/realizar_engine.js',
  'dist/realizar_engine.wasm', 'dist/realizar_engine_threads.js', 'dist/realizar_engine_threads.wasm',
  'dist/realizar_engine_threads.worker.js',
];

const patience = 4000;  // milliseconds for the network to answer, where there is a copy

self.addEventListener('install', (event) => {
  event.waitUntil(install());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(activate());
});

self.addEventListener('message', (event) => {
  if (event.data === 'claim') event.waitUntil(self.clients.claim());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || request.headers.has('range')) return;
  event.respondWith(url.pathname.endsWith('.gguf') ? modelResponse(event) : pageResponse(event));
});

async function install() {
  const cache = await caches.open(pageCache);
  const fresh = (file) => new Request(file, { cache: 'no-cache' });
  await cache.addAll(files.map(fresh));
  await Promise.allSettled(filesElsewhere.map((file) => cache.add(fresh(file))));
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys())
    if (name.startsWith('realizar-') && name !== pageCache && name !== modelCache) await caches.delete(name);
  await self.clients.claim();
}

/** fetch that gives up when there is no answer in time; the body may take longer. */
async function fetchSoon(request, options) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), patience);
  try {
    return await fetch(request, { ...options, signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}

async function pageResponse(event) {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const key = origin + pathname;
  const cache = await caches.open(pageCache);
  const kept = await cache.match(key);
  let response;
  try {
    response = await (kept ? fetchSoon : fetch)(request, { cache: 'no-cache' });
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
  if (response.status === 200) event.waitUntil(cache.put(key, response.clone()).catch(() => {}));
  if (response.status === 404) event.waitUntil(cache.delete(key));
  return response;
}

async function modelResponse(event) {
  const { request } = event;
  const cache = await caches.open(modelCache);
  const kept = await cache.match(request.url);
  if (kept && await isCurrent(kept)) return kept;
  const response = await fetch(request, { cache: 'no-store' });  // one copy is enough
  if (response.status === 200) event.waitUntil(keepModel(cache, request.url, response.clone()));
  return response;
}

/** Whether the server still has the file that a response was made of; yes where it does not answer. */
async function isCurrent(kept) {
  try {
    const now = await fetchSoon(kept.url, { method: 'HEAD', cache: 'no-store' });
    return !now.ok || ['etag', 'last-modified', 'content-length'].every(
      (name) => now.headers.get(name) === kept.headers.get(name));
  } catch {
    return true;
  }
}

/** Without room for it the model is not kept, and works all the same. */
async function keepModel(cache, url, response) {
  try {
    for (const request of await cache.keys()) await cache.delete(request);
    await cache.put(url, response);
  } catch (error) {
    console.info(`the model is not kept for use offline: ${error.message}`);
  }
}
