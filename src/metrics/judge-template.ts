import { type ParsedTemplate, parseTemplate } from "../templates.js";

const OUTPUT = /\{\{\s*output\s*\}\}/g;

/**
 * A judge's prompt as a template over the test. `{{ output }}`, which prompts written elsewhere name, stands for words
 * that point to the answer: it is in the material anyway, and there it is fenced.
 */
export function parseJudgePrompt(prompt: string): ParsedTemplate {
  return parseTemplate(prompt.replaceAll(OUTPUT, "the answer to judge"));
}
