// The page: which of its parts shows, and what they do to one another.

import { ChatView } from './chat_view.js';
import { Conversation } from './conversation.js';
import { loadEngine } from './engine.js';
import { watchFiles } from './file_picker.js';
import { bytesText, countText, rateText } from './format.js';
import { keepServiceWorkerRunning, prepareOffline } from './offline.js';
import { servedModel } from './served_model.js';
import { generationOptions, loadOptions, readSettings } from './settings.js';
import { fillSettingsDialog } from './settings_dialog.js';

const $ = (id) => document.getElementById(id);

const settings = readSettings();
const view = new ChatView($('chat'), $('messages'));
const offline = prepareOffline();

let model = null;  // of the engine
let conversation = new Conversation();
let loading = null;  // AbortController of the model that is being loaded
let answering = null;  // AbortController of the answer that is being given

/** Shows 'welcome', 'loading' or 'chat'. */
function showPart(part) {
  for (const name of ['welcome', 'loading', 'chat']) $(name).hidden = name !== part;
  for (const id of ['composer', 'new-chat', 'change-model']) $(id).hidden = part !== 'chat';
}

function showProblem(text) {
  $('problem-text').textContent = text;
  $('problem').hidden = !text;
}

/** Tells those who hear the page what others see. */
function announce(text) {
  $('announcer').textContent = text;
}

// Loading a model

function closeModel() {
  answering?.abort();
  answering = null;
  model?.close();
  model = null;
  $('model-line').textContent = '';
}

function showProgress({ stage, loaded, total }, fromFile) {
  const progress = $('loading-progress');
  if (total > 0) progress.value = loaded / total;
  else progress.removeAttribute('value');
  if (stage !== 'download') {
    $('loading-step').textContent = 'Getting the model ready';
    return;
  }
  const amount = total > 0 ? `${bytesText(loaded)} of ${bytesText(total)}` : bytesText(loaded);
  $('loading-step').textContent = `${fromFile ? 'Reading' : 'Downloading'} ${amount}`;
}

function describe({ parameters, bytes, context, threads }) {
  return [
    parameters > 0 && `${countText(parameters)} parameters`,
    bytesText(bytes),
    `context ${context}`,
    threads === 1 ? '1 thread' : `${threads} threads`,
  ].filter(Boolean).join(' · ');
}

/** `source`: an address or a File. */
async function loadModel(source, name) {
  loading?.abort();
  const { signal } = (loading = new AbortController());
  closeModel();
  showProblem('');
  $('loading-title').textContent = `Loading ${name}`;
  $('loading-step').textContent = '';
  $('loading-progress').removeAttribute('value');
  showPart('loading');
  $('cancel-loading').focus();
  announce(`Loading ${name}`);
  const release = keepServiceWorkerRunning();
  try {
    await offline;
    const { load } = await loadEngine();
    signal.throwIfAborted();
    const opened = await load(source, {
      ...loadOptions(settings),
      signal,
      onProgress: (progress) => {
        if (!signal.aborted) showProgress(progress, source instanceof File);
      },
    });
    if (signal.aborted) return opened.close();
    model = opened;
    $('model-line').textContent = `${model.info.name || name} · ${describe(model.info)}`;
    showPart('chat');
    updateComposer();
    $('question').focus();
    announce(`${model.info.name || name} is ready`);
  } catch (error) {
    if (signal.aborted) return;
    showPart('welcome');
    showProblem(`${name} could not be loaded: ${error.message}`);
  } finally {
    release();
    if (loading?.signal === signal) loading = null;
  }
}

function cancelLoading() {
  loading?.abort();
  showPart('welcome');
  announce('Cancelled');
}

function changeModel() {
  closeModel();
  showPart('welcome');
  ($('load-served').hidden ? $('pick-file') : $('load-served')).focus();
}

async function offerServedModel() {
  const served = await servedModel();
  if (!served) return;
  const button = $('load-served');
  const size = served.bytes ? ` (${bytesText(served.bytes)})` : '';
  button.textContent = `Load ${served.name}${size}`;
  button.addEventListener('click', () => loadModel(served.url, served.name));
  button.hidden = false;
  if (document.activeElement === document.body && !$('welcome').hidden) button.focus();
}

// Talking with it

function updateComposer() {
  $('send').hidden = Boolean(answering);
  $('stop').hidden = !answering;
  $('send').disabled = !$('question').value.trim();
  const field = $('question');
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
  field.placeholder = model?.info.hasChatTemplate === false
    ? 'Begin a text: this model goes on with it' : 'Ask something';
}

const summaries = { cancelled: 'stopped', length: 'ended at the limit of its length' };

function summary({ finishReason, promptTokens, tokens, promptTokensPerSecond, tokensPerSecond }) {
  return [
    summaries[finishReason],
    `${tokens} tokens`,
    tokensPerSecond > 0 && `${rateText(tokensPerSecond)} tokens/s`,
    `prompt of ${promptTokens}` +
      (promptTokensPerSecond > 0 ? ` at ${rateText(promptTokensPerSecond)} tokens/s` : ''),
  ].filter(Boolean).join(' · ');
}

function generate(chat, question, signal) {
  const options = { ...generationOptions(settings), signal };
  if (!model.info.hasChatTemplate) return model.generate(question, options);
  return model.chat(chat.messages(settings.system), options);
}

async function answer(question) {
  const { signal } = (answering = new AbortController());
  const chat = conversation;  // a new chat does not get what still comes of this one
  showProblem('');
  chat.ask(question);
  const questionItem = view.addQuestion(question);
  const shown = view.addAnswer();
  $('question').value = '';
  updateComposer();
  announce('Answering');
  let text = '';
  let ending = '';
  try {
    const generation = generate(chat, question, signal);
    generation.result.catch(() => {});  // the loop throws the same
    let first = 0;
    let pieces = 0;
    for await (const piece of generation) {
      text += piece;
      first ||= performance.now();
      const seconds = (performance.now() - first) / 1000;
      shown.show(text, seconds > 0.5 ? `${rateText(pieces / seconds)} tokens/s` : '');
      ++pieces;
    }
    ending = summary(await generation.result);
  } catch (error) {
    ending = signal.aborted ? summaries.cancelled : 'broke off';
    if (!signal.aborted) showProblem(`The answer broke off: ${error.message}`);
  }
  if (answering?.signal === signal) answering = null;
  if (text || signal.aborted) {
    chat.answer(text);
    shown.finish(text, ending);
    announce(text || 'Stopped');
  } else if (ending === 'broke off') {
    chat.takeBack();
    shown.remove();
    questionItem.remove();
    $('question').value ||= question;
  } else {
    chat.answer(text);
    shown.finish('(an empty answer)', ending);
    announce('The answer is empty');
  }
  updateComposer();
}

function newChat() {
  answering?.abort();
  conversation = new Conversation();
  view.clear();
  showProblem('');
  $('question').focus();
  announce('A new chat');
}

function send() {
  const question = $('question').value.trim();
  if (question && model && !answering) answer(question);
}

// What the user does

$('cancel-loading').addEventListener('click', cancelLoading);
$('change-model').addEventListener('click', changeModel);
$('new-chat').addEventListener('click', newChat);
$('stop').addEventListener('click', () => {
  answering?.abort();
  $('question').focus();
});
$('close-problem').addEventListener('click', () => showProblem(''));
$('open-settings').addEventListener('click', () => $('settings').showModal());
$('question').addEventListener('input', updateComposer);
$('question').addEventListener('keydown', (event) => {
  // While an input method composes a word, Enter chooses it.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  send();
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !$('settings').open) answering?.abort();
});

watchFiles($('pick-file'), (file) => loadModel(file, file.name));
fillSettingsDialog($('settings'), settings);
offerServedModel();
