// A chat with a model: questions go in, answers are shown as they come.

import { ChatView } from './chat_view.js';
import { Conversation } from './conversation.js';
import { bytesText, countText, rateText } from './format.js';
import { $, announce, showPart, showProblem } from './page.js';
import { generationOptions } from './settings.js';

const endings = { cancelled: 'stopped', length: 'ended at the limit of its length' };
const secondsToMeasure = 0.5;

export class Chat {
  #settings;
  #view = new ChatView($('chat'), $('messages'));
  #conversation = new Conversation();
  #model = null;
  #answering = null;  // AbortController of the answer that is being given

  constructor(settings) {
    this.#settings = settings;
  }

  /** Goes on with this model. */
  open(model, name) {
    this.#model = model;
    $('model-line').textContent = `${model.info.name || name} · ${describe(model.info)}`;
    $('question').placeholder = model.info.hasChatTemplate ? 'Ask something' : 'Begin a text: this model goes on with it';
    showPart('chat');
    this.update();
    $('question').focus();
    announce(`${model.info.name || name} is ready`);
  }

  /** Gives the model up; what was said stays. */
  close() {
    this.stop();
    this.#answering = null;
    this.#model?.close();
    this.#model = null;
    $('model-line').textContent = '';
  }

  stop() {
    this.#answering?.abort();
  }

  /** Forgets what was said. */
  clear() {
    this.stop();
    this.#conversation = new Conversation();
    this.#view.clear();
    showProblem('');
    $('question').focus();
    announce('A new chat');
  }

  /** Sends what has been written. */
  send() {
    const question = $('question').value.trim();
    if (question && this.#model && !this.#answering) this.#answer(question);
  }

  /** Fits the place where one writes to what is written and under way. */
  update() {
    const field = $('question');
    $('send').hidden = Boolean(this.#answering);
    $('stop').hidden = !this.#answering;
    $('send').disabled = !field.value.trim();
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
  }

  async #answer(question) {
    const { signal } = (this.#answering = new AbortController());
    const conversation = this.#conversation;  // a new chat does not get what still comes of this one
    showProblem('');
    conversation.ask(question);
    const questionItem = this.#view.addQuestion(question);
    const shown = this.#view.addAnswer();
    $('question').value = '';
    this.update();
    announce('Answering');
    let text = '';
    let problem = null;
    let ending = endings.cancelled;
    try {
      const generation = this.#generate(conversation, question, signal);
      generation.result.catch(() => {});  // the loop throws the same
      const speed = new Speed();
      for await (const piece of generation) {
        text += piece;
        speed.count();
        shown.show(text, speed.text());
      }
      ending = summary(await generation.result);
    } catch (error) {
      if (!signal.aborted) problem = error;
    }
    if (this.#answering?.signal === signal) this.#answering = null;
    if (problem) showProblem(`The answer broke off: ${problem.message}`);
    if (problem && !text) {
      conversation.takeBack();
      shown.remove();
      questionItem.remove();
      $('question').value ||= question;
    } else {
      conversation.answer(text);
      shown.finish(text || '(no text)', problem ? 'broke off' : ending);
      announce(text || 'No text');
    }
    this.update();
  }

  #generate(conversation, question, signal) {
    const options = { ...generationOptions(this.#settings), signal };
    if (!this.#model.info.hasChatTemplate) return this.#model.generate(question, options);
    return this.#model.chat(conversation.messages(this.#settings.system), options);
  }
}

/** How fast pieces come, which are tokens or some together. */
class Speed {
  #start = 0;
  #pieces = -1;  // the first one comes at the start

  count() {
    this.#start ||= performance.now();
    ++this.#pieces;
  }

  text() {
    const seconds = (performance.now() - this.#start) / 1000;
    return seconds > secondsToMeasure ? `${rateText(this.#pieces / seconds)} tokens/s` : '';
  }
}

function describe({ parameters, bytes, context, threads }) {
  return [
    parameters > 0 && `${countText(parameters)} parameters`,
    bytesText(bytes),
    `context ${context}`,
    threads === 1 ? '1 thread' : `${threads} threads`,
  ].filter(Boolean).join(' · ');
}

function summary({ finishReason, promptTokens, tokens, promptTokensPerSecond, tokensPerSecond }) {
  return [
    endings[finishReason],
    `${tokens} tokens`,
    tokensPerSecond > 0 && `${rateText(tokensPerSecond)} tokens/s`,
    `prompt of ${promptTokens}` +
      (promptTokensPerSecond > 0 ? ` at ${rateText(promptTokensPerSecond)} tokens/s` : ''),
  ].filter(Boolean).join(' · ');
}
