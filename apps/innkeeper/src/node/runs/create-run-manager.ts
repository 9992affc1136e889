import type { Log } from '@innkeeper/kit';
import type { Store } from '@innkeeper/store';
import { Audit } from '../../audit/audit.ts';
import type { NodeApi } from '../../ports/node-api.ts';
import { auditRunTarget } from './audit-run-target.ts';
import { RunManager } from './run-manager.ts';

/** Creates the manager of runs on a node's VMs. `start` resumes those of an earlier daemon. */
export function createRunManager({ id, vms }: NodeApi, store: Store, log: Log): RunManager {
  const audit = new Audit({ store, log, nowMs: Date.now });
  return new RunManager({
    runs: store.runs,
    log,
    nodeId: id,
    onTargetEnd: (run, target) => auditRunTarget(audit, run, target),
    agent: async (vmId, signal) => {
      const vm = vms.find(vmId);
      vm.assertAllowed('guest');
      return await vm.agent({ signal });
    },
  });
}
