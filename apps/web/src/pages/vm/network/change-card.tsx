import { type NetworkChange, NetworkPhase as Phase } from '@innkeeper/contract/agent';
import type { Vm } from '@innkeeper/contract/control';
import { quoteWord } from '@innkeeper/kit';
import { Button } from '@mantine/core';
import { type JSX, useEffect, useState } from 'react';
import { guest } from '../../../api/guest.ts';
import { Card } from '../../../components/card.tsx';
import { Fields } from '../../../components/fields.tsx';
import { InnCommand } from '../../../components/inn-command.tsx';
import { showToast } from '../../../components/toasts.tsx';
import { formatDuration } from '../../../format/format-duration.ts';

const states: Readonly<Record<number, string>> = {
  [Phase.APPLYING]: 'being applied',
  [Phase.PENDING]: 'waits for your confirmation',
  [Phase.CONFIRMED]: 'confirmed',
  [Phase.ROLLING_BACK]: 'being rolled back',
  [Phase.ROLLED_BACK]: 'rolled back',
};

/** The change in progress or the last one; while it is pending, with the time left and both ways to end it. */
export function ChangeCard({
  vm,
  change,
  refusal,
  onEnd,
}: {
  readonly vm: Vm;
  readonly change: NetworkChange;
  /** Why the user may not end it; undefined: they may. */
  readonly refusal: string | undefined;
  /** Called when it was confirmed or rolled back, or could not be. */
  readonly onEnd: () => Promise<unknown>;
}): JSX.Element {
  const [busy, setBusy] = useState(false);
  const isPending = change.phase === Phase.PENDING;
  const end = async (done: string, run: (vm: string, id: string) => Promise<unknown>): Promise<void> => {
    setBusy(true);
    const id = `network ${vm.id}`;
    try {
      await run(vm.id, change.id);
      showToast({ id, tone: 'ok', title: `The change of ${change.interface} was ${done}` });
    } catch (error) {
      showToast({ id, tone: 'bad', title: `The change of ${change.interface} was not ${done}`, error });
    } finally {
      setBusy(false);
    }
    await onEnd();
  };
  const answers = change.gatewayAnswers;
  return (
    <Card title={isPending ? 'Confirm the change' : 'Last change'}>
      {isPending && (
        <p role="status">
          Check that the guest can be reached. It restores its earlier network in <TimeLeft change={change} />.
        </p>
      )}
      <Fields
        entries={{
          Interface: change.interface,
          State: states[change.phase] ?? 'unknown',
          Gateway:
            !isPending || change.gateway === ''
              ? undefined
              : `${change.gateway} ${answers === undefined ? 'is being asked' : answers ? 'answers' : 'does not answer'}`,
          Why: change.detail === '' ? undefined : change.detail,
          Files: change.files.length === 0 ? undefined : change.files.join(', '),
        }}
      />
      {isPending && (
        <div className="row" data-hint={refusal}>
          <Button
            disabled={refusal !== undefined}
            loading={busy}
            onClick={() => void end('confirmed', guest.networks.confirm)}
          >
            Confirm
          </Button>
          <Button
            variant="default"
            disabled={refusal !== undefined || busy}
            onClick={() => void end('rolled back', guest.networks.rollBack)}
          >
            Roll back
          </Button>
          <InnCommand command={`inn network confirm ${quoteWord(vm.name)}`} />
        </div>
      )}
    </Card>
  );
}

/** Counts down between two reports of the guest. */
function TimeLeft({ change }: { readonly change: NetworkChange }): JSX.Element {
  const [endsAt, setEndsAt] = useState(() => performance.now());
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => setEndsAt(performance.now() + (change.confirmLeftMs ?? 0)), [change]);
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return <strong className="number">{formatDuration(Math.max(0, Math.round((endsAt - now) / 1000)))}</strong>;
}
