import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiagnosisOutcome } from '@innkeeper/contract/control';
import { nativePort } from '@innkeeper/hypervisor';
import { until } from '@innkeeper/kit/testing';
import { succeed, timeout, wanted, withImage } from '../fake/operate.ts';
import { testHost } from '../fake/test-node.ts';
import { createVm } from './create-vm.ts';
import { diagnose } from './diagnose.ts';

const second = 1_000_000_000n;

/** A running VM whose agent is connected, with what the agent is asked. */
async function connectedVm(at: Awaited<ReturnType<typeof testHost>>) {
  const test = await withImage(at.folder, at.host, { driver: { startAgent: async () => undefined } });
  await succeed(test, createVm(test.node, wanted));
  const runner = test.node.get('one');
  await runner.until(() => runner.agent.telemetry !== undefined, timeout);
  // The test's agent is connected before the guest has opened its port, which an earlier step looks at.
  await until(() => at.host.machine(runner.row.id)?.isPortOpen(nativePort) === true);
  const link = test.links.get('one');
  assert.ok(link);
  const stepOf = async (wantedName: string) => (await diagnose(runner)).steps.find(({ name }) => name === wantedName);
  return { test, runner, link, stepOf };
}

describe('the clock in a diagnosis', () => {
  it('doctor names a guest’s clock that is off by more than 5 s, and is content with one that is right', async () => {
    await using at = await testHost();
    const { test, runner, link, stepOf } = await connectedVm(at);
    const clockStep = () => stepOf('clock');

    const silent = await clockStep();
    assert.equal(silent?.outcome, DiagnosisOutcome.SKIPPED);
    assert.match(silent.detail, /has not reported its time yet/);

    link.clockOffsetNs = 2n * second;
    link.connect();
    assert.equal((await clockStep())?.outcome, DiagnosisOutcome.OK);

    // A busy machine reads the host's clock later.
    for (const [offset, words] of [
      [3600n, /^The guest’s clock is (3599|3600)\.\d s ahead of its host\.$/],
      [-90n, /^The guest’s clock is (89|90|91)\.\d s behind its host\.$/],
    ] as const) {
      link.clockOffsetNs = offset * second;
      link.connect();
      const wrong = await clockStep();
      assert.equal(wrong?.outcome, DiagnosisOutcome.WARNING);
      assert.match(wrong.detail, words);
      assert.match(wrong.nextStep, /corrected within a minute.*time service/);
      assert.match((await diagnose(runner)).conclusion, /clock is/);
    }
    await test.stop();
  });
});

describe('the policy in a diagnosis', () => {
  it('doctor says what the guest itself turns off, and does not mention a policy where there is none', async () => {
    await using at = await testHost();
    const { test, link, stepOf } = await connectedVm(at);
    const policyStep = () => stepOf('policy');
    assert.equal(await policyStep(), undefined);
    link.deniedCapabilities = ['exec', 'file.write'];
    link.connect();
    const step = await policyStep();
    assert.equal(step?.outcome, DiagnosisOutcome.OK);
    assert.match(step.detail, /^The guest turns off exec, file\.write/);
    await test.stop();
  });
});
