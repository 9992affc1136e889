import type { AuditEntry } from '@innkeeper/contract/control';
import { type JSX, useState } from 'react';
import { Icon } from '../../components/icon.tsx';
import { Badge } from '../../components/vm-badges.tsx';
import { dateOf, formatFullTime, formatTime } from '../../format/format-time.ts';
import { showName } from '../../format/show-name.ts';
import { type AuditGroup, auditSentence, callsOf } from './audit-sentence.ts';

/** What was done, as sentences, newest first. */
export function AuditList({ groups }: { readonly groups: readonly AuditGroup[] }): JSX.Element {
  if (groups.length === 0) return <p className="dim">No entries match.</p>;
  return (
    <ul className="audit-list" aria-label="Audit">
      {groups.map((group) => (
        <AuditLine key={keyOf(group)} group={group} />
      ))}
    </ul>
  );
}

/** One sentence; when expanded, its entries as JSON. */
function AuditLine({ group }: { readonly group: AuditGroup }): JSX.Element | null {
  const { entries } = group;
  const calls = callsOf(group);
  const [open, setOpen] = useState(false);
  const [newest] = entries;
  if (newest === undefined) return null;
  const { user, via, address, result, timeUnixNs } = newest;
  const date = dateOf(timeUnixNs);
  return (
    <li>
      <button
        type="button"
        data-list-item
        className="plain-button audit-line"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={open ? 'expanded' : 'collapsed'} size={16} />
        <time className="number dim audit-time" dateTime={date.toISOString()} data-hint={formatFullTime(date)}>
          {formatTime(date)}
        </time>
        <span className="audit-text">
          <strong data-hint={`${via}\n${address}`}>{showName(user)}</strong> {showName(auditSentence(newest))}
          {calls === 0 && <span className="dim"> earlier: the bytes until now</span>}
          {calls > 1 && (
            <span className="dim number">
              {' '}
              ×{calls}
              {isOpen(newest) && ' so far'}
            </span>
          )}
        </span>
        {result !== 'ok' && <Badge tone="bad">{result}</Badge>}
      </button>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <pre className="audit-parameters" tabIndex={0}>
          {entries.map(jsonOf).join('\n')}
        </pre>
      )}
    </li>
  );
}

/** Whether calls are still added to it. */
function isOpen({ id }: AuditEntry): boolean {
  return id === 0n;
}

/** Entries that are still counted have no number, but at most one for what is in their key. */
function keyOf({ entries: [newest] }: AuditGroup): string {
  if (newest === undefined || !isOpen(newest)) return String(newest?.id);
  const { user, via, action, vmId, result, firstUnixNs } = newest;
  return JSON.stringify([user, via, action, vmId, result, String(firstUnixNs)]);
}

/** An entry as the server has it, shown as text and never interpreted. */
function jsonOf({ id, timeUnixNs, user, via, address, action, vmId, vmName, parameters, result }: AuditEntry): string {
  const time = dateOf(timeUnixNs).toISOString();
  const rest = { ...(id === 0n ? {} : { id: String(id) }), time, user, via, address, action, vmId, vmName, result };
  return `${JSON.stringify(rest).slice(0, -1)},"parameters":${parameters === '' ? '{}' : parameters}}`;
}
