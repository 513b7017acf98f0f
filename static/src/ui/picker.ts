// The region picker: which regions there are and how many live there.
import type { Region } from "../world/region";

/** Fills the select element; it is left alone while it shows the right thing, so that an open list stays open. */
export function fillPicker(select: HTMLSelectElement, regions: readonly Region[], chosen: string): void {
  const isSame =
    select.options.length === regions.length &&
    regions.every((region, index) => select.options[index]?.value === region.name);
  if (!isSame) {
    select.replaceChildren(
      ...regions.map((region) => {
        const option = document.createElement("option");
        option.value = region.name;
        return option;
      }),
    );
  }
  regions.forEach((region, index) => {
    const option = select.options[index];
    const label = region.agentCount === null ? region.title : `${region.title} · ${region.agentCount}`;
    if (option !== undefined && option.textContent !== label) option.textContent = label;
  });
  if (select.value !== chosen) select.value = chosen;
  select.disabled = regions.length === 0;
}
