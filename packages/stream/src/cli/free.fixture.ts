import { Command } from 'commander';
import { registerFree } from './free.js';

/** The command alone, for its tests. */
const program = new Command('vacancy');
registerFree(program);
await program.parseAsync();
