package org.lapidary.workbench;

/**
 * What the layout of every page needs.
 *
 * @param title of the page, shown in the browser's tab
 * @param tab the part of the workbench that is marked in the menu: {@code methods}, {@code runs},
 *     {@code models}, {@code features}, {@code compare}
 * @param csrf goes with every form
 */
public record Page(String title, String tab, String csrf) {}
