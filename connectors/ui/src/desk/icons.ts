/** Path data of the desk's icons, drawn for this project on a 24 x 24 grid, 2 px strokes. */

export const BACK = "M14.5 5.5 8 12l6.5 6.5";
export const BELL = "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15Z M10 20.5a2.2 2.2 0 0 0 4 0";
export const BELL_OFF =
  "M6 16.5V11a6 6 0 0 1 9-5.2 M18 11v5.5l1.5 2h-13 M10 20.5a2.2 2.2 0 0 0 4 0 M4 4l16 16";
export const BOLT = "M13 3.5 5.5 13.5H11l-1 7 8-10.5h-5.5Z";
export const CHECK = "M5 12.5 10 17.5 19.5 7";
export const CHART = "M5 20V11 M12 20V4 M19 20v-6";
export const BOARD = "M4 4.5h7v7H4Z M13.5 4.5H20v4.5h-6.5Z M13.5 12H20v7.5h-6.5Z M4 14.5h7v5H4Z";
export const CLOCK = "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Z M12 7.5V12l3.2 2.2";
export const JOIN = "M4 5h11v8H8.5L5 16Z M18.5 8.5H20v8.5h-2.5V20l-4-3H11";
export const MOON = "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z";
export const PAUSE = "M8.5 5.5v13 M15.5 5.5v13";
export const PLAY = "M7.5 5 18.5 12 7.5 19Z";
export const SUN =
  "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z M12 2.5v2 M12 19.5v2 M2.5 12h2 M19.5 12h2 M5.3 5.3l1.4 1.4 M17.3 17.3l1.4 1.4 M5.3 18.7l1.4-1.4 M17.3 6.7l1.4-1.4";
export const EXIT = "M10 4.5H5.5v15H10 M15 8l4 4-4 4 M19 12H9.5";
export const KEYS =
  "M3.5 7h17v10.5h-17Z M7 10.5h.01 M10.5 10.5h.01 M14 10.5h.01 M17.2 10.5h.01 M8 14h8";
export const NOTE = "M5 4.5h14v9.5l-5.5 5.5H5Z M19 14h-5.5v5.5";
export const PASS = "M4.5 8.5H18 M14.5 5 18 8.5 14.5 12 M19.5 15.5H6 M9.5 12 6 15.5 9.5 19";
export const BOT =
  "M12 3.5V7 M6 7h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2Z M9 12.5v1.5 M15 12.5v1.5";
export const SIDE = "M4 5h16v14H4Z M14.5 5v14";
export const SHIELD =
  "M12 3.5 19 6v6c0 4.2-2.8 7-7 8.5C7.8 19 5 16.2 5 12V6Z M9 12l2.2 2.2L15.2 10";
