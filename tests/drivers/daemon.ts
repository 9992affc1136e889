// A daemon for a test to kill: launches a VM by the specification in its first argument, prints its record as one line
// and stays attached.

import { once } from 'node:events';
import { manageDriver, QemuDriver } from '@innkeeper/hypervisor';

const vm = await manageDriver(new QemuDriver()).launch(JSON.parse(process.argv[2] ?? ''));
process.stdout.write(`${JSON.stringify(vm.record)}\n`);
await once(process, 'beforeExit');
