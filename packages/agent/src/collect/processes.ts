export interface TopProcess {
  readonly pid: number;
  readonly user?: string;
  readonly command: string;
  readonly memory_used: number;
}
