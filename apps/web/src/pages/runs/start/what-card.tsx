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
  /** Changes when the script was replaced from outside the editor. */
  readonly generation: number;
}

const maxScriptBytes = 1024 * 1024;
const interpreters = ['/bin/sh', '/bin/bash', '/usr/bin/python3', '/usr/bin/perl', '/usr/bin/env'];

/** What to run: a shell command line, or a script with its interpreter. */
export function WhatCard({ draft, set, problems, generation }: WhatCardProps): JSX.Element {
  const { kind, command, script, interpreter } = draft;
  const [loaded, setLoaded] = useState(0);
  const load = async (file: File | null): Promise<void> => {
    if (file === null) return;
    if (file.size > maxScriptBytes) {
      showToast({
        id: 'script',
        tone: 'bad',
        title: 'The file was not loaded',
        body: 'A script can have at most 1 MiB.',
      });
      return;
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
      set({ script: text, title: draft.title === '' ? file.name : draft.title });
      setLoaded((before) => before + 1);
    } catch {
      // The file is not UTF-8 (TypeError), or can no longer be read.
      showToast({
        id: 'script',
        tone: 'bad',
        title: 'The file was not loaded',
        body: 'This is not a text file (UTF-8).',
      });
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
            description="For /bin/sh. Enter runs it, Shift+Enter starts a new line."
            autosize
            minRows={1}
            maxRows={10}
            placeholder="uname -a"
            className="what-command"
            autoFocus
            autoCapitalize="none"
            autoComplete="off"
            spellCheck={false}
            leftSection={<Icon name="prompt" size={16} />}
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
                placeholder="its “#!” line, otherwise /bin/sh"
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
