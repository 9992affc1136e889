import { defaultHighlightStyle, HighlightStyle } from '@codemirror/language';

/** CodeMirror's own colours are for white paper; these are of both themes. */
const themed: Readonly<Record<string, string>> = {
  ...{ '#404740': 'dim', '#940': 'dim', '#708': 'magenta', '#219': 'accent', '#00f': 'accent', '#30a': 'accent' },
  ...{ '#00c': 'accent', '#256': 'accent', '#164': 'ok', '#a11': 'bad', '#f00': 'bad', '#e40': 'warn' },
  ...{ '#085': 'cyan', '#167': 'cyan' },
};

/** What is a keyword, a string, a comment, in colours that can be read in light and dark. */
export const codeColors: HighlightStyle = HighlightStyle.define(
  defaultHighlightStyle.specs.map((spec) => {
    const name = typeof spec['color'] === 'string' ? themed[spec['color']] : undefined;
    return name === undefined ? spec : { ...spec, color: `var(--ik-${name})` };
  }),
);
