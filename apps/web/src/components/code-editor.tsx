import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { indentOnInput, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { type JSX, useEffect, useEffectEvent, useRef } from 'react';
import { codeColors } from './code-colors.ts';
import { languageOf } from './language-of.ts';

export interface CodeEditorProps {
  /** Name of the file; its extension selects the language unless the first line does. */
  readonly name: string;
  /** For screen readers. Default: "Text of NAME". */
  readonly label?: string;
  /** Initial text; later changes of this property are ignored. */
  readonly text: string;
  readonly readOnly: boolean;
  readonly onChange: (text: string) => void;
  /** ⌘S or Ctrl S. */
  readonly onSave?: () => void;
}

/**
 * A text editor with line numbers and syntax colours. Tab moves the focus out, so that keyboard users are not trapped.
 */
export function CodeEditor(props: CodeEditorProps): JSX.Element {
  const container = useRef<HTMLDivElement>(null);
  const beginning = useEffectEvent(() => props);
  const save = useEffectEvent(() => props.onSave?.());
  const change = useEffectEvent((text: string) => props.onChange(text));
  useEffect(() => {
    if (container.current === null) return;
    const { name, label = `Text of ${name}`, text, readOnly } = beginning();
    const language = new Compartment();
    const view = new EditorView({
      parent: container.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightSpecialChars(),
          highlightActiveLine(),
          indentOnInput(),
          syntaxHighlighting(codeColors),
          keymap.of([
            {
              key: 'Mod-s',
              run: () => {
                save();
                return true;
              },
            },
            ...defaultKeymap,
            ...historyKeymap,
          ]),
          EditorState.readOnly.of(readOnly),
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) change(state.doc.toString());
          }),
          language.of([]),
        ],
      }),
    });
    void languageOf(name, text.slice(0, 200).split('\n', 1)[0] ?? '')?.().then((parser) =>
      view.dispatch({ effects: language.reconfigure(StreamLanguage.define(parser)) }),
    );
    return () => view.destroy();
  }, []);
  return <div ref={container} className="code-editor" />;
}
