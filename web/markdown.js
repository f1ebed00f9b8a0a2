// The part of Markdown that models write in answers, as plain data. Whatever the text, this takes time in proportion
// to its length.

/**
 * Blocks: { type: 'paragraph' | 'heading' | 'item-list' | 'code', ... }, with inline parts as `inlineParts` makes them.
 */
export function parseMarkdown(text) {
  const blocks = [];
  const lines = text.split('\n');
  let paragraph = [];
  const endParagraph = () => {
    if (paragraph.length) blocks.push({ type: 'paragraph', parts: inlineParts(paragraph.join('\n')) });
    paragraph = [];
  };
  for (let i = 0; i < lines.length; ++i) {
    const line = lines[i];
    const fence = /^ {0,3}(```+|~~~+)/.exec(line);
    const heading = /^(#{1,6}) +(.*)$/.exec(line);
    const item = listItem(line);
    if (fence) {
      endParagraph();
      const code = [];
      // A block that is still being written ends with the text.
      for (++i; i < lines.length && !lines[i].trimStart().startsWith(fence[1]); ++i) code.push(lines[i]);
      blocks.push({ type: 'code', text: code.join('\n') });
    } else if (heading) {
      endParagraph();
      blocks.push({ type: 'heading', level: heading[1].length, parts: inlineParts(heading[2]) });
    } else if (item) {
      endParagraph();
      const last = blocks.at(-1);
      if (last?.type === 'item-list' && last.ordered === item.ordered) last.items.push(inlineParts(item.text));
      else blocks.push({ type: 'item-list', ordered: item.ordered, start: item.number, items: [inlineParts(item.text)] });
    } else if (line.trim() === '') {
      endParagraph();
    } else {
      paragraph.push(line);
    }
  }
  endParagraph();
  return blocks;
}

function listItem(line) {
  const match = /^ {0,6}(?:[-*+]|(\d{1,6})[.)]) +(.*)$/.exec(line);
  return match && { ordered: match[1] !== undefined, number: Number(match[1] ?? 1), text: match[2] };
}

/** { type: 'text' | 'code' | 'strong' | 'emphasis', text }; marks without a partner are text. */
export function inlineParts(text) {
  const parts = [];
  let from = 0;
  const marks = /`([^`\n]{1,2000})`|\*\*([^\s*][^*\n]{0,2000})\*\*|\*([^\s*][^*\n]{0,2000})\*/g;
  for (const match of text.matchAll(marks)) {
    if (match.index > from) parts.push({ type: 'text', text: text.slice(from, match.index) });
    const [, code, strong, emphasis] = match;
    if (code !== undefined) parts.push({ type: 'code', text: code });
    else if (strong !== undefined) parts.push({ type: 'strong', text: strong });
    else parts.push({ type: 'emphasis', text: emphasis });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ type: 'text', text: text.slice(from) });
  return parts;
}
