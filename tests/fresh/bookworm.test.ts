import { testEndOfMachine, testFreshDebian } from './fresh-debian.ts';

testFreshDebian('bookworm', true);
testEndOfMachine('bookworm');
