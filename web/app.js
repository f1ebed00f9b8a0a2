// Puts the page together: what the user does, and what follows.

import { Chat } from './chat.js';
import { watchFiles } from './file_picker.js';
import { bytesText } from './format.js';
import { Loader } from './loader.js';
import { prepareOffline } from './offline.js';
import { $, showPart, showProblem } from './page.js';
import { servedModel } from './served_model.js';
import { readSettings } from './settings.js';
import { fillSettingsDialog } from './settings_dialog.js';

const settings = readSettings();
const chat = new Chat(settings);
const loader = new Loader(settings, prepareOffline(), (model, name) => chat.open(model, name));

function loadModel(source, name) {
  chat.close();
  loader.load(source, name);
}

async function offerServedModel() {
  const served = await servedModel();
  if (!served) return;
  const button = $('load-served');
  button.textContent = `Load ${served.name}${served.bytes ? ` (${bytesText(served.bytes)})` : ''}`;
  button.addEventListener('click', () => loadModel(served.url, served.name));
  button.hidden = false;
  if (document.activeElement === document.body && !$('welcome').hidden) button.focus();
}

// Models

watchFiles($('pick-file'), (file) => loadModel(file, file.name));
$('cancel-loading').addEventListener('click', () => loader.cancel());
$('change-model').addEventListener('click', () => {
  chat.close();
  showPart('welcome');
  ($('load-served').hidden ? $('pick-file') : $('load-served')).focus();
});

// The chat

$('new-chat').addEventListener('click', () => chat.clear());
$('stop').addEventListener('click', () => {
  chat.stop();
  $('question').focus();
});
$('question').addEventListener('input', () => chat.update());
$('question').addEventListener('keydown', (event) => {
  // While an input method composes a word, Enter chooses it.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  chat.send();
});
$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  chat.send();
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !$('settings').open) chat.stop();
});

// What stands beside

$('close-problem').addEventListener('click', () => showProblem(''));
$('open-settings').addEventListener('click', () => $('settings').showModal());
fillSettingsDialog($('settings'), settings);
offerServedModel();
