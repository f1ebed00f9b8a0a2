// The engine, which is built into dist/ beside this page.

let engine;

/** The module dist/realizar.mjs, read once. */
export async function loadEngine() {
  try {
    engine ??= await import('./dist/realizar.mjs');
    return engine;
  } catch (error) {
    throw new Error(`The engine of this page (dist/realizar.mjs) could not be read: ${error.message}`);
  }
}
