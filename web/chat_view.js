// The conversation on the page.

import { showMarkdown } from './markdown_view.js';

const nearTheEnd = 60;  // CSS pixels

function element(name, className, text = '') {
  return Object.assign(document.createElement(name), { className, textContent: text });
}

export class ChatView {
  #scroller;
  #list;

  /** `list` holds the messages, and `scroller` the list. */
  constructor(scroller, list) {
    this.#scroller = scroller;
    this.#list = list;
  }

  clear() {
    this.#list.replaceChildren();
  }

  addQuestion(text) {
    const item = element('li', 'question');
    item.append(element('span', 'visually-hidden', 'You: '), text);
    this.#list.append(item);
    this.#scrollToEnd();
    return item;
  }

  /** An answer that is still to come. */
  addAnswer() {
    const item = element('li', 'answer waiting');
    const text = element('div', 'text');
    const speed = element('p', 'speed');
    item.append(element('span', 'visually-hidden', 'Answer: '), text, speed);
    this.#list.append(item);
    this.#scrollToEnd();
    return new AnswerView(item, text, speed, (change) => this.#keepEndInSight(change));
  }

  /** Does `change`, and shows the end of the conversation if it was in sight before. */
  #keepEndInSight(change) {
    const { scrollTop, clientHeight, scrollHeight } = this.#scroller;
    const following = scrollHeight - scrollTop - clientHeight < nearTheEnd;
    change();
    if (following) this.#scrollToEnd();
  }

  #scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}

class AnswerView {
  #item;
  #text;
  #speed;
  #change;
  #drawing = 0;
  #latest = ['', ''];

  constructor(item, text, speed, change) {
    this.#item = item;
    this.#text = text;
    this.#speed = speed;
    this.#change = change;
  }

  /** What has come so far; drawn with the next picture of the screen. */
  show(text, speed) {
    this.#latest = [text, speed];
    if (!this.#drawing) this.#drawing = requestAnimationFrame(() => this.#draw());
  }

  /** The whole answer, and a line on how it came. */
  finish(text, speed) {
    cancelAnimationFrame(this.#drawing);
    this.#latest = [text, speed];
    this.#item.classList.remove('waiting');
    this.#draw();
  }

  remove() {
    cancelAnimationFrame(this.#drawing);
    this.#item.remove();
  }

  #draw() {
    this.#drawing = 0;
    const [text, speed] = this.#latest;
    this.#change(() => {
      showMarkdown(this.#text, text);
      this.#speed.textContent = speed;
    });
  }
}
