import { Button, NativeSelect, TextInput } from '@mantine/core';
import { type JSX, useDeferredValue, useMemo, useState } from 'react';
import { hasPrivilege, useMe } from '../../api/session.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Icon } from '../../components/icon.tsx';
import { InnCommand } from '../../components/inn-command.tsx';
import { useParameters } from '../use-parameters.ts';
import { CapabilityMissing, lacksCapability } from './capability-missing.tsx';
import { GuestUnavailable, isGuestUnavailable } from './guest-unavailable.tsx';
import { filterLines, type LogChoice, logChoiceOf, logsCommand } from './logs/log-lines.ts';
import { LogView } from './logs/log-view.tsx';
import { useLog } from './logs/use-log.ts';
import type { VmTabProps } from './vm-tab.ts';

const priorities = [
  { value: '', label: 'All priorities' },
  { value: '3', label: 'Errors' },
  { value: '4', label: 'Warnings and errors' },
  { value: '5', label: 'Notices and above' },
  { value: '6', label: 'Info and above' },
];

/** The guest's logs, followed. What is read and the filter are in the address. */
export function LogsTab({ vm }: VmTabProps): JSX.Element {
  if (isGuestUnavailable(vm)) return <GuestUnavailable vm={vm} feature="Its logs" />;
  if (lacksCapability(vm, 'logs')) return <CapabilityMissing vm={vm} name="logs" feature="Logs" />;
  return <GuestLogs vm={vm} />;
}

function GuestLogs({ vm }: VmTabProps): JSX.Element {
  const { me } = useMe();
  const [parameters, change] = useParameters();
  const hasJournal = !lacksCapability(vm, 'logs.journal');
  const choice = logChoiceOf(parameters, hasJournal);
  const filter = parameters.get('filter') ?? '';
  const needed = choice.source === 'file' ? 'guest.file.read' : 'guest.exec';
  const may = hasPrivilege(me, needed, vm);
  return (
    <>
      <div className="logs-tools">
        <NativeSelect
          size="sm"
          aria-label="Log"
          value={choice.source}
          data={[
            { value: 'journal', label: hasJournal ? 'Journal' : 'Journal (none here)', disabled: !hasJournal },
            { value: 'kernel', label: 'Kernel' },
            { value: 'agent', label: 'Agent' },
            { value: 'file', label: 'File' },
          ]}
          onChange={(event) => change({ source: event.currentTarget.value })}
        />
        {choice.source === 'journal' && (
          <Applied
            label="Service"
            placeholder="All services"
            value={choice.unit}
            onApply={(unit) => change({ unit })}
          />
        )}
        {choice.source === 'file' && (
          <Applied label="Path" placeholder="/var/log/…" value={choice.file} onApply={(file) => change({ file })} />
        )}
        {choice.source !== 'file' && (
          <NativeSelect
            size="sm"
            aria-label="Priority"
            value={choice.priority}
            data={priorities}
            onChange={(event) => change({ priority: event.currentTarget.value })}
          />
        )}
        <TextInput
          className="logs-filter"
          size="sm"
          data-filter
          aria-label="Filter lines"
          placeholder="Filter lines"
          leftSection={<Icon name="search" size={15} />}
          value={filter}
          onChange={(event) => change({ filter: event.currentTarget.value })}
        />
        <InnCommand command={logsCommand(vm.name, choice)} />
      </div>
      {may ? (
        <FollowedLines vm={vm.id} choice={choice} filter={filter} />
      ) : (
        <EmptyState title="No access to this log">
          You lack the privilege {needed} on this VM: a log may contain secrets.
        </EmptyState>
      )}
    </>
  );
}

function FollowedLines({
  vm,
  choice,
  filter,
}: {
  readonly vm: string;
  readonly choice: LogChoice;
  readonly filter: string;
}): JSX.Element {
  const [paused, setPaused] = useState(false);
  const { lines, error, caughtUp } = useLog(vm, choice, paused);
  // Typing stays fast: filtering 10,000 lines may be a frame late.
  const words = useDeferredValue(filter);
  const shown = useMemo(() => filterLines(lines, words), [lines, words]);
  if (choice.source === 'file' && choice.file === '')
    return <EmptyState title="Which file?">Enter the path of a text file in the guest.</EmptyState>;
  return (
    <>
      {error !== undefined && <ErrorNote title="The log could not be read" error={error} />}
      <div className="row">
        <span className="dim number" role="status">
          {shown.length < lines.length ? `${shown.length} of ${lines.length} lines` : `${lines.length} lines`}
        </span>
        <Button
          size="xs"
          variant="default"
          aria-pressed={paused}
          leftSection={<Icon name={paused ? 'resume' : 'pause'} size={13} />}
          onClick={() => setPaused(!paused)}
        >
          {paused ? 'Resume' : 'Pause'}
        </Button>
      </div>
      {lines.length === 0 && error === undefined ? (
        <p className="dim">{caughtUp ? 'No entries yet.' : 'Asking the guest …'}</p>
      ) : (
        <LogView lines={shown} />
      )}
    </>
  );
}

/** A text that takes effect with Enter, or when the field is left: each letter would open another log. */
function Applied({
  label,
  placeholder,
  value,
  onApply,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onApply: (value: string) => void;
}): JSX.Element {
  const [text, setText] = useState(value);
  return (
    <TextInput
      size="sm"
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Enter' && onApply(text.trim())}
      onBlur={() => onApply(text.trim())}
    />
  );
}
