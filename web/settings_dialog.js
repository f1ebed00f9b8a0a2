// The dialog in which settings are changed. Every change that is valid counts at once.

import { groups, isValid, saveSettings } from './settings.js';

function element(name, properties = {}, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function makeControl(field, id) {
  if (field.kind === 'text') return element('textarea', { id, rows: 3 });
  if (field.kind === 'choice')
    return element('select', { id },
      field.choices.map(([value, text]) => element('option', { value, textContent: text })));
  const control = element('input', { id, type: field.kind, min: field.min, max: field.max, step: field.step ?? 1 });
  control.required = field.kind === 'number' && !field.optional;
  if (field.kind === 'number') control.inputMode = 'numeric';
  return control;
}

function valueOf(field, control) {
  if (field.kind === 'text' || field.kind === 'choice') return control.value;
  return control.value === '' ? null : Number(control.value);
}

/** Fills the dialog with a control for every setting; `settings` is changed in place and remembered. */
export function fillSettingsDialog(dialog, settings) {
  const shown = [];  // functions that show the settings there are
  const body = dialog.querySelector('#settings-fields');
  for (const group of groups) {
    const rows = group.fields.map((field) => {
      const id = `setting-${field.key}`;
      const control = makeControl(field, id);
      const hint = element('p', { id: `${id}-hint`, className: 'hint', textContent: field.hint });
      control.setAttribute('aria-describedby', hint.id);
      const label = element('label', { htmlFor: id, textContent: field.label });
      const output = element('output', { htmlFor: id });
      const showValue = () => {
        if (field.kind === 'range') output.textContent = control.value;
      };
      control.addEventListener('input', () => {
        showValue();
        const value = valueOf(field, control);
        if (!control.validity.valid || !isValid(field, value)) return;
        settings[field.key] = value;
        saveSettings(settings);
      });
      shown.push(() => {
        control.value = settings[field.key] ?? '';
        showValue();
      });
      return element('div', { className: 'field' }, [label, output, control, hint]);
    });
    body.append(element('fieldset', {}, [element('legend', { textContent: group.title }), ...rows]));
  }
  const showAll = () => shown.forEach((show) => show());
  dialog.querySelector('#reset-settings').addEventListener('click', () => {
    for (const { fields } of groups) for (const field of fields) settings[field.key] = field.initial;
    saveSettings(settings);
    showAll();
  });
  // What was typed and is not valid does not stay.
  dialog.addEventListener('close', showAll);
  showAll();
}
