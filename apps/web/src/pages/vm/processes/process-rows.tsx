import type { GuestProcess } from '@innkeeper/contract/agent';
import { type JSX, memo, useState } from 'react';
import { CopyButton } from '../../../components/copy-button.tsx';
import { Unknown } from '../../../components/unknown.tsx';
import { formatBytes } from '../../../format/format-bytes.ts';
import { formatDuration } from '../../../format/format-duration.ts';
import { dateOf, formatFullTime, formatTime } from '../../../format/format-time.ts';
import { showName } from '../../../format/show-name.ts';
import { isKernelThread, processState, signalRefusal } from './process-view.ts';
import { SignalMenu, type SignalMenuProps } from './signal-menu.tsx';

export interface ProcessRowsProps {
  readonly process: GuestProcess;
  readonly maySignal: boolean;
  readonly onSignal: SignalMenuProps['onSignal'];
}

/** One process; its full command in a second row when expanded. */
export const ProcessRows = memo(function ProcessRows({ process, maySignal, onSignal }: ProcessRowsProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const { pid, name, command, user, uid, state, cpuPercent, rssBytes, cpuTimeMs, startedUnixNs, threads } = process;
  const started = dateOf(startedUnixNs);
  const shown = showName(command);
  return (
    <>
      <tr>
        <td className="right number">{pid}</td>
        <td>
          <button
            type="button"
            data-list-item
            className="plain-button processes-name"
            aria-expanded={open}
            disabled={command === ''}
            onClick={() => setOpen(!open)}
          >
            <span className="ellipsis processes-program">{showName(name)}</span>
            <span className="ellipsis dim mono">{command === '' && isKernelThread(process) ? 'kernel' : shown}</span>
            {command !== '' && <span className="visually-hidden">: show the full command</span>}
          </button>
        </td>
        <td data-hint={`uid ${uid}`}>{user === '' ? uid : showName(user)}</td>
        <td className="right number">
          {cpuPercent === undefined ? <Unknown reason="Not measured twice yet." /> : `${cpuPercent.toFixed(1)} %`}
        </td>
        <td className="right number">{isKernelThread(process) ? '' : formatBytes(rssBytes)}</td>
        <td className="right number">{formatDuration(Number(cpuTimeMs) / 1000)}</td>
        <td className="right number" data-hint={formatFullTime(started)}>
          {formatTime(started)}
        </td>
        <td data-hint={`${processState(state)}${threads > 1 ? `, ${threads} threads` : ''}`}>
          <code>{showName(state)}</code>
          <span className="visually-hidden">{processState(state)}</span>
        </td>
        <td className="processes-act">
          <SignalMenu process={process} refusal={signalRefusal(process, maySignal)} onSignal={onSignal} />
        </td>
      </tr>
      {open && (
        <tr className="processes-whole">
          <td />
          <td colSpan={8}>
            <code>{shown}</code>
            <CopyButton text={command} label="Copy the command" />
          </td>
        </tr>
      )}
    </>
  );
});
