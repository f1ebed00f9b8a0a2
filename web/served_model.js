// The model that the server offers, if it offers one: model.json beside this page says which.

/** { url, name, bytes } (bytes: 0 where the file does not say), or null. */
export async function servedModel() {
  try {
    const response = await fetch('model.json');
    if (!response.ok) return null;
    const { url, name, bytes } = await response.json();
    if (typeof url !== 'string') return null;
    return {
      url: new URL(url, document.baseURI).href,
      name: typeof name === 'string' ? name : url.split('/').pop(),
      bytes: Number(bytes) || 0,
    };
  } catch {
    return null;  // offline before one was ever offered, or something else than JSON
  }
}
