/** What XML 1.0 has no place for, even escaped: most control characters, halves of surrogate pairs, two that are no characters. */
const ILLEGAL = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;" };

/** The text inside an element; what XML cannot hold becomes U+FFFD, so that it shows that something was there. */
export function xmlText(text: string): string {
  return text.replaceAll(ILLEGAL, "\uFFFD").replaceAll(/[&<>\r]/g, (character) => ESCAPES[character] ?? character);
}

/** The text as an attribute's value, line ends included. */
export function xmlAttribute(text: string): string {
  return text.replaceAll(ILLEGAL, "\uFFFD").replaceAll(/[&<>"\r\n\t]/g, (character) => ESCAPES[character] ?? character);
}

/** The text as a name on one line: readers fold white space in names anyway. */
export function xmlToken(text: string): string {
  return xmlAttribute(text.replaceAll(/\s+/g, " ").trim());
}
