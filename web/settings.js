// What can be set, within which bounds, and how it is remembered.

const storageKey = 'realizar-settings';

/** kind: 'range' and 'number' (null: not given, where `optional`), 'text', 'choice'. */
export const groups = [
  {
    title: 'How words are chosen',
    fields: [
      { key: 'temperature', label: 'Temperature', kind: 'range', min: 0, max: 2, step: 0.05, initial: 0.8,
        hint: '0: always the most likely word. More: more varied.' },
      { key: 'topP', label: 'Top p', kind: 'range', min: 0.05, max: 1, step: 0.05, initial: 0.95,
        hint: 'The likeliest tokens that together have this probability. 1: all.' },
      { key: 'minP', label: 'Min p', kind: 'range', min: 0, max: 0.5, step: 0.01, initial: 0.05,
        hint: 'No token below this share of the likeliest one. 0: off.' },
      { key: 'repeatPenalty', label: 'Repeat penalty', kind: 'range', min: 1, max: 1.5, step: 0.01, initial: 1,
        hint: 'Makes recent tokens less likely. 1: off.' },
      { key: 'topK', label: 'Top k', kind: 'number', min: 0, max: 100000, initial: 40,
        hint: 'So many of the likeliest tokens. 0: all.' },
      { key: 'seed', label: 'Seed', kind: 'number', min: 0, max: 2 ** 32 - 1, initial: null, optional: true,
        hint: 'The same number gives the same answer. Empty: another one every time.' },
    ],
  },
  {
    title: 'Answers',
    fields: [
      { key: 'system', label: 'Instructions', kind: 'text', initial: '',
        hint: 'A system message before the conversation.' },
      { key: 'maxTokens', label: 'Longest answer', kind: 'number', min: 1, max: 1000000, initial: 1024,
        optional: true, hint: 'In tokens. Empty: until the model ends.' },
    ],
  },
  {
    title: 'The model, when it is loaded next',
    fields: [
      { key: 'context', label: 'Context', kind: 'number', min: 16, max: 1000000, initial: null, optional: true,
        hint: 'Tokens that a conversation may have. Empty: what suits the model.' },
      { key: 'threads', label: 'Threads', kind: 'number', min: 1, max: 64, initial: null, optional: true,
        hint: 'Empty: one for every processor core.' },
      { key: 'arithmetic', label: 'Arithmetic', kind: 'choice', initial: 'fast',
        choices: [['fast', 'Fast'], ['exact', 'Exact']], hint: 'Exact keeps more digits, and is slower.' },
    ],
  },
];

const fields = groups.flatMap((group) => group.fields);

/** Whether a value is one that the field can have. */
export function isValid(field, value) {
  switch (field.kind) {
    case 'text':
      return typeof value === 'string';
    case 'choice':
      return field.choices.some(([name]) => name === value);
    case 'number':
      if (value === null) return Boolean(field.optional);
      return Number.isInteger(value) && value >= field.min && value <= field.max;
    default:
      return Number.isFinite(value) && value >= field.min && value <= field.max;
  }
}

/** Where settings are remembered; nothing where the browser does not allow that. */
function browserStorage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** Values by key, all valid: what was remembered, or the initial ones. */
export function readSettings(storage = browserStorage()) {
  let stored = {};
  try {
    stored = JSON.parse(storage?.getItem(storageKey) ?? null) ?? {};
  } catch {
    // nothing that can be read
  }
  return Object.fromEntries(fields.map(
    (field) => [field.key, isValid(field, stored[field.key]) ? stored[field.key] : field.initial]));
}

export function saveSettings(settings, storage = browserStorage()) {
  try {
    storage?.setItem(storageKey, JSON.stringify(settings));
  } catch {
    // where there is no room, they last as long as the page
  }
}

const given = (entries) => Object.fromEntries(entries.filter(([, value]) => value !== null));

/** Options of the engine's generate and chat. */
export function generationOptions(settings) {
  const keys = ['temperature', 'topP', 'minP', 'repeatPenalty', 'topK', 'seed', 'maxTokens'];
  return given(keys.map((key) => [key, settings[key]]));
}

/** Options of the engine's load. */
export function loadOptions(settings) {
  return given(['context', 'threads', 'arithmetic'].map((key) => [key, settings[key]]));
}
