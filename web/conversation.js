// The messages of a chat, as models take them.

export class Conversation {
  #messages = [];

  /** All messages, behind a system message if there is one. */
  messages(system) {
    return system ? [{ role: 'system', content: system }, ...this.#messages] : [...this.#messages];
  }

  ask(text) {
    this.#messages.push({ role: 'user', content: text });
  }

  answer(text) {
    this.#messages.push({ role: 'assistant', content: text });
  }

  /** Takes a question back that got no answer. */
  takeBack() {
    this.#messages.pop();
  }
}
