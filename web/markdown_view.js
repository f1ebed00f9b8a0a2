// Parsed Markdown as elements. Text only ever becomes text: no markup of an answer is obeyed.

import { parseMarkdown } from './markdown.js';

const inlineElements = { code: 'code', strong: 'strong', emphasis: 'em' };

function element(name, children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

const inline = (parts) =>
  parts.map(({ type, text }) => (type === 'text' ? text : element(inlineElements[type], [text])));

function block(parsed) {
  switch (parsed.type) {
    case 'code': {
      const shown = element('pre', [element('code', [parsed.text])]);
      shown.tabIndex = 0;  // long lines are scrolled by keyboard too
      return shown;
    }
    case 'heading':
      return element(`h${Math.min(parsed.level + 2, 6)}`, inline(parsed.parts));
    case 'item-list': {
      const list = element(parsed.ordered ? 'ol' : 'ul', parsed.items.map((parts) => element('li', inline(parts))));
      if (parsed.ordered) list.start = parsed.start;
      return list;
    }
    default:
      return element('p', inline(parsed.parts));
  }
}

/** Shows `text` in `container` in place of what it holds. */
export function showMarkdown(container, text) {
  container.replaceChildren(...parseMarkdown(text).map(block));
}
