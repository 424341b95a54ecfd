import type { Start } from './messages.js';

/** Why the engine did not start, as a sentence that says what to do. `said` is all that the process said about it. */
export function explain(said: string, { dataDir, host, port }: Pick<Start, 'dataDir' | 'host' | 'port'>): string {
  if (/EADDRINUSE/.test(said)) return `Port ${port} of ${host} is taken. Stop the program that listens there, or choose another port for the database.`;
  if (/EADDRNOTAVAIL|ENOTFOUND/.test(said)) return `This machine has no address ${host}. Choose one that it has for the database to listen on.`;
  if (/Cannot lock file/.test(said)) return `The data folder ${dataDir} is in use by another running instance. Stop that one, or choose another data folder.`;
  if (/ENOSPC|NOT_ENOUGH_SPACE|No space left/i.test(said)) return `There is no space left for the data folder ${dataDir}. Free some, or choose a data folder on another disk.`;
  if (/EACCES|EROFS|EPERM|Permission denied|Read-only file system/i.test(said)) {
    return `The data folder ${dataDir} cannot be written. Give this user the right to, or choose another data folder.`;
  }
  if (/ENOTDIR|EEXIST/.test(said)) return `The data folder ${dataDir} cannot be made, since a file is in its place. Choose another data folder.`;
  if (/CHDB_PLATFORM|no native binding/i.test(said)) {
    return 'The embedded database runs on glibc Linux and macOS only. Use a ClickHouse server instead, or install the optional dependencies.';
  }
  return `The database does not start on ${dataDir}: ${said.trim() || 'its process ended without a word'}`;
}
