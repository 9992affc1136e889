import { Autocomplete, Button, FileButton, SegmentedControl, Textarea } from '@mantine/core';
import { type JSX, lazy, Suspense, useState } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { showToast } from '../../../components/toasts.tsx';
import type { DraftProblems, RunDraft } from './run-draft.ts';

const CodeEditor = lazy(async () => ({ default: (await import('../../../components/code-editor.tsx')).CodeEditor }));

export interface WhatCardProps {
  readonly draft: RunDraft;
  readonly set: (change: Partial<RunDraft>) => void;
  readonly problems: DraftProblems;
  /** Another one when the script was replaced from outside of the editor. */
  readonly generation: number;
}

const maxScriptBytes = 1024 * 1024;
const interpreters = ['/bin/sh', '/bin/bash', '/usr/bin/python3', '/usr/bin/perl', '/usr/bin/env'];

/** What runs: a line for the shell, or a script with its interpreter. */
export function WhatCard({ draft, set, problems, generation }: WhatCardProps): JSX.Element {
  const { kind, command, script, interpreter } = draft;
  const [loaded, setLoaded] = useState(0);
  const load = async (file: File | null): Promise<void> => {
    if (file === null) return;
    if (file.size > maxScriptBytes) {
      showToast({ id: 'script', tone: 'bad', title: 'The file was not taken', body: 'A script has at most 1 MiB.' });
      return;
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
      set({ script: text, title: draft.title === '' ? file.name : draft.title });
      setLoaded((before) => before + 1);
    } catch {
      // TypeError: it is no UTF-8; or it cannot be read any more.
      showToast({ id: 'script', tone: 'bad', title: 'The file was not taken', body: 'It is no text (UTF-8).' });
    }
  };
  return (
    <section className="card what-card" aria-labelledby="what">
      <div className="card-title">
        <h2 id="what">What</h2>
        <SegmentedControl
          size="xs"
          aria-label="What runs"
          value={kind}
          onChange={(value) => set({ kind: value === 'script' ? 'script' : 'command' })}
          data={[
            { value: 'command', label: 'Command' },
            { value: 'script', label: 'Script' },
          ]}
        />
      </div>
      <div className="card-body what-body">
        {kind === 'command' ? (
          <Textarea
            label="Command"
            description="For /bin/sh. Enter runs it, Shift Enter begins a line."
            autosize
            minRows={1}
            maxRows={10}
            placeholder="uname -a"
            className="what-command"
            autoFocus
            autoCapitalize="none"
            autoComplete="off"
            spellCheck={false}
            leftSection={<Icon name="right" size={16} />}
            value={command}
            onChange={(event) => set({ command: event.currentTarget.value })}
          />
        ) : (
          <>
            <div className="what-editor">
              <Suspense fallback={<div className="what-loading" role="status" aria-label="Loading the editor" />}>
                <CodeEditor
                  key={`${generation} ${loaded}`}
                  name="script.sh"
                  label="Script"
                  text={script}
                  readOnly={false}
                  onChange={(text) => set({ script: text })}
                />
              </Suspense>
            </div>
            <div className="what-foot">
              <Autocomplete
                label="Interpreter"
                placeholder="its “#!” line, else /bin/sh"
                data={interpreters}
                spellCheck={false}
                value={interpreter}
                error={problems.interpreter}
                onChange={(value) => set({ interpreter: value })}
              />
              <FileButton onChange={(file) => void load(file)}>
                {(props) => (
                  <Button {...props} variant="default" leftSection={<Icon name="plus" size={15} />}>
                    Load a file
                  </Button>
                )}
              </FileButton>
            </div>
          </>
        )}
      </div>
    </section>
  );
}
