// Which part of the page shows, and what is said to its user.

export const $ = (id) => document.getElementById(id);

/** Shows 'welcome', 'loading' or 'chat'. */
export function showPart(part) {
  for (const name of ['welcome', 'loading', 'chat']) $(name).hidden = name !== part;
  for (const id of ['composer', 'new-chat', 'change-model']) $(id).hidden = part !== 'chat';
}

/** What went wrong; nothing for ''. */
export function showProblem(text) {
  $('problem-text').textContent = text;
  $('problem').hidden = !text;
}

/** Tells those who hear the page what others see. */
export function announce(text) {
  $('announcer').textContent = text;
}
