/** Path data of the editor's icons, drawn for this project on a 24 x 24 grid, 2 px strokes. */

export const BACK = "M14.5 5.5 8 12l6.5 6.5";
export const EXIT = "M10 4.5H5.5v15H10 M15 8l4 4-4 4 M19 12H9.5";
export const SEARCH = "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z M15.5 15.5 20 20";
export const PLUS = "M12 5v14 M5 12h14";
export const UPLOAD = "M12 16V5 M7 9.5 12 4.5l5 5 M4.5 16v3.5h15V16";
export const BOLD = "M7.5 5h5a3.5 3.5 0 0 1 0 7h-5Z M7.5 12h6a3.5 3.5 0 0 1 0 7h-6Z";
export const BULLETS = "M9.5 6.5H20 M9.5 12H20 M9.5 17.5H20 M4.5 6.5h.01 M4.5 12h.01 M4.5 17.5h.01";
export const CHAIN =
  "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1 M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1";
