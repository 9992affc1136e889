import { fuzzGroup } from './fuzz-group.ts';

await fuzzGroup('guest-texts', { atPeers: false });
