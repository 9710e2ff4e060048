// The strategy that is chosen stands in the address, so that Back, a reload or signing in again finds it.
document.addEventListener("change", ({ target }) => {
  if (!["duplicate_strategy", "only_update", "hold_other_names"].includes(target.name)) return;
  const address = new URL(location);
  if (target.type === "radio" || target.checked) address.searchParams.set(target.name, target.value);
  else address.searchParams.delete(target.name);
  history.replaceState(history.state, "", address);
});
