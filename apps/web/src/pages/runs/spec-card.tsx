import type { RunSpec } from '@innkeeper/contract/control';
import { type JSX, lazy, Suspense, useState } from 'react';
import { CopyButton } from '../../components/copy-button.tsx';
import { Fields } from '../../components/fields.tsx';
import { Icon } from '../../components/icon.tsx';
import { formatBytes } from '../../format/format-bytes.ts';
import { formatDuration } from '../../format/format-duration.ts';
import { commandLine } from './start/run-draft.ts';

const CodeEditor = lazy(async () => ({ default: (await import('../../components/code-editor.tsx')).CodeEditor }));

/** What was run and how, collapsed to one line until it is opened. */
export function SpecCard({ spec }: { readonly spec: RunSpec }): JSX.Element {
  const [open, setOpen] = useState(false);
  const { script, argv } = spec;
  const isScript = argv.length === 0;
  const text = isScript ? script : commandLine(spec);
  const lines = text.split('\n').length;
  const [first = ''] = text.split('\n', 1);
  return (
    <section className="card spec-card" aria-label="What is run">
      <button type="button" className="plain-button spec-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? 'expanded' : 'collapsed'} size={16} />
        <span className="dim">{isScript ? 'Script' : 'Command'}</span>
        <code className="grow ellipsis">{text === '' ? 'hidden' : first}</code>
        <span className="dim spec-more">{specHints(spec, lines)}</span>
      </button>
      {open && (
        <div className="spec-body">
          {text === '' ? (
            <p className="dim">Only users who may run commands on all VMs of this run can see it.</p>
          ) : (
            <div className="spec-text">
              {isScript ? (
                <Suspense>
                  <CodeEditor name="script" label="The script" text={script} readOnly onChange={() => undefined} />
                </Suspense>
              ) : (
                // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
                <pre tabIndex={0}>{text}</pre>
              )}
              <CopyButton text={text} label={isScript ? 'Copy the script' : 'Copy the command'} />
            </div>
          )}
          <SpecFields spec={spec} />
        </div>
      )}
    </section>
  );
}

function SpecFields({ spec }: { readonly spec: RunSpec }): JSX.Element {
  const { script, interpreter, user, group, workingDirectory, environment, timeoutMs, maxOutputBytes } = spec;
  const byDefault = (value: string, otherwise: string): JSX.Element =>
    value === '' ? <span className="dim">{otherwise}</span> : <code>{value}</code>;
  const entries = Object.entries(environment);
  return (
    <Fields
      entries={{
        Interpreter: script === '' ? undefined : byDefault(interpreter, 'its “#!” line, otherwise /bin/sh'),
        User: byDefault(
          group === '' ? user : `${user === '' ? 'agent’s user' : user}:${group}`,
          'the agent’s user, root',
        ),
        Directory: byDefault(workingDirectory, 'the user’s home folder'),
        Environment:
          entries.length === 0 ? (
            <span className="dim">no additions</span>
          ) : (
            <span className="spec-environment">
              {entries.map(([name, value]) => (
                <code key={name}>{value === '' ? name : `${name}=${value}`}</code>
              ))}
            </span>
          ),
        Timeout: formatDuration(timeoutMs === 0 ? 3600 : timeoutMs / 1000),
        'Kept output': `${formatBytes(maxOutputBytes === 0n ? 1_048_576n : maxOutputBytes)} per VM`,
      }}
    />
  );
}

function specHints({ user, workingDirectory, interpreter }: RunSpec, lines: number): string {
  return [
    lines > 1 && `${lines} lines`,
    interpreter,
    user !== '' && `as ${user}`,
    workingDirectory !== '' && `in ${workingDirectory}`,
  ]
    .filter(Boolean)
    .join(' · ');
}
