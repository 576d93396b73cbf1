import type { Command } from "commander";

export function commandsMarkdown(program: Command): string;
export function insertCommands(text: string, markdown: string): string;
