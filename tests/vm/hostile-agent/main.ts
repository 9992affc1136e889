// Must be first, since modules of other packages use these globals when they are loaded.
import '../../../apps/agent/src/platform/install.ts';
import { encodeBy } from '@innkeeper/contract/lite';
import { constants, encodeMessage, exit, readText, setTimer } from 'host';
import { behaviours } from './behaviours.ts';
import { HostileSession } from './hostile-session.ts';

/** The behaviour's name and duration in seconds, written by the test. */
const [name = '', seconds = '1'] = readText('/run/hostile', 200, false).trim().split(' ');

encodeBy(encodeMessage);
const behaviour = behaviours[name];
if (behaviour === undefined) exit(2);
// The test restores the agent; a hostile one that outlives the test must end itself.
setTimer(Number(seconds) * 1000, () => exit(0));
new HostileSession(behaviour ?? {}, constants().pid).run().catch(() => exit(1));
