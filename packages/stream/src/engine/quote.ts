/** A string literal of ClickHouse's SQL. */
export const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&').replaceAll('\0', '\\0')}'`;

/** A quoted identifier. */
export const quoteName = (name: string): string => `\`${name.replace(/[\\`]/g, '\\$&')}\``;

/** `SET …` for settings whose names are already checked; the engine converts the text to each setting's type. */
export const setStatement = (settings: Readonly<Record<string, string>>): string | undefined => {
  const parts = Object.entries(settings).map(([name, value]) => `${name}=${quote(value)}`);
  return parts.length > 0 ? `SET ${parts.join(', ')}` : undefined;
};
