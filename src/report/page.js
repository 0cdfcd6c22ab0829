// What a report does beyond being read: tables are sorted, marks of figures say
// their numbers, light and dark change places. The page is whole without it.
"use strict";
(() => {
	const root = document.documentElement;

	// Light and dark ------------------------------------------------------

	const button = document.getElementById("theme");
	const dark = matchMedia("(prefers-color-scheme: dark)");
	const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
	const label = () => {
		button.textContent = isDark() ? "Light" : "Dark";
		button.setAttribute("aria-label", isDark() ? "light colours" : "dark colours");
	};
	button.hidden = false;
	button.addEventListener("click", () => {
		root.dataset.theme = isDark() ? "light" : "dark";
		label();
	});
	dark.addEventListener("change", label);
	label();

	// Tables --------------------------------------------------------------

	const value = (row, column) => {
		const cell = row.cells[column];
		return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent.trim();
	};
	// what has no number comes last, whichever way numbers go
	const compare = (a, b, sign) => {
		if (typeof a === "number" && typeof b === "number")
			return sign * (a - b);
		if (typeof a === "number" || typeof b === "number")
			return typeof a === "number" ? -1 : 1;
		return sign * a.localeCompare(b, "en", {numeric: true});
	};
	const sort = (heading, column) => {
		const table = heading.closest("table"), body = table.tBodies[0];
		const first = heading.classList.contains("number") ? "descending" : "ascending";
		const other = first === "ascending" ? "descending" : "ascending";
		const way = heading.getAttribute("aria-sort") === first ? other : first;
		const sign = way === "ascending" ? 1 : -1;
		const rows = [...body.rows];

		rows.sort((a, b) => compare(value(a, column), value(b, column), sign));
		body.append(...rows);
		for (const th of table.tHead.rows[0].cells)
			th.removeAttribute("aria-sort");
		heading.setAttribute("aria-sort", way);
	};
	for (const table of document.querySelectorAll("table.sortable"))
		[...table.tHead.rows[0].cells].forEach((heading, column) => {
			const inner = document.createElement("button");

			inner.type = "button";
			inner.append(...heading.childNodes);
			heading.append(inner);
			inner.addEventListener("click", () => sort(heading, column));
		});

	// Figures -------------------------------------------------------------

	const tip = document.createElement("div");
	tip.id = "tip";
	tip.hidden = true;
	tip.setAttribute("aria-hidden", "true");
	document.body.append(tip);

	const show = (mark) => {
		const box = mark.getBoundingClientRect();
		let left, top;

		tip.textContent = mark.getAttribute("aria-label");
		tip.hidden = false;
		left = box.left + box.width / 2 - tip.offsetWidth / 2;
		left = Math.max(4, Math.min(left, root.clientWidth - tip.offsetWidth - 4));
		top = box.top - tip.offsetHeight - 8;
		if (top < 4)
			top = box.bottom + 8;
		tip.style.left = left + scrollX + "px";
		tip.style.top = top + scrollY + "px";
	};
	const hide = () => {
		tip.hidden = true;
	};
	const steps = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
	for (const spots of document.querySelectorAll(".spots")) {
		const marks = [...spots.children];
		let at = 0;
		const go = (to) => {
			marks[at].tabIndex = -1;
			at = Math.max(0, Math.min(to, marks.length - 1));
			marks[at].tabIndex = 0;
			marks[at].focus({preventScroll: false});
		};

		// one stop of the tab key a figure; arrows go from mark to mark
		marks.forEach((mark, i) => {
			mark.tabIndex = i ? -1 : 0;
			// the tip says it
			for (const title of mark.querySelectorAll("title"))
				title.remove();
			mark.addEventListener("pointerenter", () => show(mark));
			mark.addEventListener("pointerleave", hide);
			mark.addEventListener("focus", () => {
				marks[at].tabIndex = -1;
				at = i;
				mark.tabIndex = 0;
				show(mark);
			});
			mark.addEventListener("blur", hide);
		});
		spots.addEventListener("keydown", (event) => {
			if (event.key in steps)
				go(at + steps[event.key]);
			else if (event.key === "Home")
				go(0);
			else if (event.key === "End")
				go(marks.length - 1);
			else if (event.key === "Escape")
				hide();
			else
				return;
			event.preventDefault();
		});
	}
	addEventListener("scroll", hide, {passive: true, capture: true});
})();
