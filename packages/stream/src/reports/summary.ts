import type { Report, ReportSentence } from '@vacancy/shared';
export function summarize(_report: Report): ReportSentence[] {
  return [];
}
