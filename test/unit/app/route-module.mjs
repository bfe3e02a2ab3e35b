// A router that task_routes names by its path.
export function route(name, _args, kwargs, options) {
  if (kwargs.urgent) return { queue: 'urgent', priority: 9 };
  return name.startsWith('reports.') ? `reports-${options.shadow ?? 'all'}` : null;
}

export const number = 5;
