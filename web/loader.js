// Loads models, and shows how far that has come.

import { loadEngine } from './engine.js';
import { bytesText } from './format.js';
import { keepServiceWorkerRunning } from './offline.js';
import { $, announce, showPart, showProblem } from './page.js';
import { loadOptions } from './settings.js';

export class Loader {
  #settings;
  #ready;
  #opened;
  #current = null;  // AbortController of the model that is being loaded

  /** Waits for `ready` before it reads anything; `opened(model, name)` gets the models. */
  constructor(settings, ready, opened) {
    this.#settings = settings;
    this.#ready = ready;
    this.#opened = opened;
  }

  /** `source`: an address or a File. Another model that is being loaded is given up. */
  async load(source, name) {
    this.#current?.abort();
    const { signal } = (this.#current = new AbortController());
    showLoading(name);
    const release = keepServiceWorkerRunning();
    try {
      await this.#ready;
      const { load } = await loadEngine();
      signal.throwIfAborted();
      const model = await load(source, {
        ...loadOptions(this.#settings),
        signal,
        onProgress: (progress) => {
          if (!signal.aborted) showProgress(progress, source instanceof File ? 'Reading' : 'Downloading');
        },
      });
      if (signal.aborted) model.close();
      else this.#opened(model, name);
    } catch (error) {
      if (signal.aborted) return;
      showPart('welcome');
      showProblem(`${name} could not be loaded: ${error.message}`);
    } finally {
      release();
    }
  }

  cancel() {
    this.#current?.abort();
    showPart('welcome');
    announce('Cancelled');
  }
}

function showLoading(name) {
  showProblem('');
  $('loading-title').textContent = `Loading ${name}`;
  $('loading-step').textContent = '';
  $('loading-progress').removeAttribute('value');
  showPart('loading');
  $('cancel-loading').focus();
  announce(`Loading ${name}`);
}

function showProgress({ stage, loaded, total }, verb) {
  const progress = $('loading-progress');
  if (total > 0) progress.value = loaded / total;
  else progress.removeAttribute('value');
  const amount = total > 0 ? `${bytesText(loaded)} of ${bytesText(total)}` : bytesText(loaded);
  $('loading-step').textContent = stage === 'download' ? `${verb} ${amount}` : 'Getting the model ready';
}
