import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { registerBackup } from './backup.js';
import { dataDir } from './data-dir.js';
import { registerDoctor } from './doctor.js';
import { registerEnroll } from './enroll.js';
import { registerFree } from './free.js';
import { CommandError } from './hub-api.js';
import { registerRebuild } from './rebuild.js';
import { registerReport } from './report.js';
import { registerServerStatus } from '../serverstatus/index.js';

const program = new Command('vacancy').description('Which GPU server and card should I use now, and how was the fleet used?').showHelpAfterError();
// A slip in the arguments must not look like "nothing fits" (1) to a script that waits for a card.
program.exitOverride();
registerFree(program);
registerEnroll(program);
registerServerStatus(program, { file: () => path.join(dataDir(), 'serverstatus.json'), trouble: (sentence) => new CommandError(sentence) });
registerReport(program);
registerRebuild(program);
registerBackup(program);
registerDoctor(program);

for (const command of program.commands) command.exitOverride();

// `vacancy free --watch | head -3`: who reads no more wants no more.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`${error instanceof CommandError ? error.message : ((error as Error).stack ?? String(error))}\n`);
    process.exitCode = 2;
  }
});
