import { defaultHighlightStyle, HighlightStyle } from '@codemirror/language';

/** CodeMirror's colours assume a white background; these tokens work in both themes. */
const themed: Readonly<Record<string, string>> = {
  '#404740': 'dim',
  '#940': 'dim',
  '#708': 'magenta',
  '#219': 'accent',
  '#00f': 'accent',
  '#30a': 'accent',
  '#00c': 'accent',
  '#256': 'accent',
  '#164': 'ok',
  '#a11': 'bad',
  '#f00': 'bad',
  '#e40': 'warn',
  '#085': 'cyan',
  '#167': 'cyan',
};

/** Syntax colours that are readable in light and dark. */
export const codeColors: HighlightStyle = HighlightStyle.define(
  defaultHighlightStyle.specs.map((spec) => {
    const name = typeof spec['color'] === 'string' ? themed[spec['color']] : undefined;
    return name === undefined ? spec : { ...spec, color: `var(--ik-${name})` };
  }),
);
