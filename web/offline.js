// Registers the service worker, which keeps what the page reads for use offline.

const waitForControl = 5000;  // milliseconds
const betweenSigns = 20000;

/**
 * Resolves when the service worker sees what this page reads, or when it is clear that it will not: without HTTPS
 * there is none, but on the machine itself. Never fails, since everything works without.
 */
export async function prepareOffline() {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  try {
    await workers.register('service_worker.js');
    if (workers.controller) return;
    const controlled = new Promise((resolve) => {
      workers.addEventListener('controllerchange', resolve, { once: true });
      setTimeout(resolve, waitForControl);
    });
    const registration = await workers.ready;
    registration.active.postMessage('claim');  // after a forced reload it does not of its own accord
    await controlled;
  } catch (error) {
    console.info(`not available offline: ${error.message}`);
  }
}

/** Keeps the service worker running, which passes a download on; call what this returns when that is over. */
export function keepServiceWorkerRunning() {
  const timer = setInterval(() => navigator.serviceWorker?.controller?.postMessage('stay'), betweenSigns);
  return () => clearInterval(timer);
}
