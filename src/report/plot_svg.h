/* SVG as cairo writes it, made fit to stand in a page. */
#ifndef UT_PLOT_SVG_H
#define UT_PLOT_SVG_H

#include "report/plot.h"

/*
 * Appends the file cairo wrote, without the XML declaration and its size in the
 * page's own unit. Ids, which cairo counts through the whole process, become
 * prefix and a number. label (escaped already) is read out where the drawing is
 * not seen. squares: pixels of pictures are to be seen as such.
 */
void ut_svg_adopt(struct ut_text *to, const char *file, double width,
		  double height, const char *prefix, const char *label,
		  bool squares);

#endif
