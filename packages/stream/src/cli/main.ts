import { Command } from 'commander';
import { registerDoctor } from './doctor.js';
import { registerEnroll } from './enroll.js';
import { registerFree } from './free.js';
import { CommandError } from './hub-api.js';

const program = new Command('vacancy').description('Which GPU server and card should I use now, and how was the fleet used?').showHelpAfterError();
registerFree(program);
registerEnroll(program);
registerDoctor(program);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${error instanceof CommandError ? error.message : ((error as Error).stack ?? String(error))}\n`);
  process.exitCode = 2;
});
