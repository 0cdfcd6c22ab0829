/* SVG as cairo writes it, made fit to stand in a page. */
#ifndef UT_PLOT_SVG_H
#define UT_PLOT_SVG_H

#include "report/plot.h"

/*
 * Appends the file cairo wrote, without the XML declaration, its size in the
 * page's own unit, every id and what refers to it with prefix before it; label
 * (escaped already) is read out where it is not seen.
 */
void ut_svg_adopt(struct ut_text *to, const char *file, double width,
		  double height, const char *prefix, const char *label);

#endif
