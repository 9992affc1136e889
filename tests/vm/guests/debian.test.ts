import { testGuest } from './test-guest.ts';

testGuest({ image: 'debian', init: 'systemd', bootMs: 180_000, rounds: 7, copiedMib: 16 });
