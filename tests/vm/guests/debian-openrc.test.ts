import { testGuest } from './test-guest.ts';

testGuest({ image: 'debian-openrc', init: 'openrc', bootMs: 240_000, rounds: 7, copiedMib: 16 });
