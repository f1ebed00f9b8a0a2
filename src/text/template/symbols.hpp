#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "text/template/syntax.hpp"

namespace realizar::text::jinja {

/// The names of one scope while it is analysed.
struct Symbols {
  /// What differs between the branches of an `if`.
  struct State {
    std::set<std::string> references, stores;
    std::map<unsigned, SlotLoad> loads;
  };

  explicit Symbols(Symbols* outer) : parent(outer) {}

  Symbols* parent;
  std::map<std::string, unsigned> slots;
  State state;

  std::optional<Reference> find(const std::string& name) const {
    unsigned hops = 0;
    for (const Symbols* scope = this; scope != nullptr; scope = scope->parent, ++hops) {
      if (scope->state.references.count(name) > 0) return Reference{hops, scope->slots.at(name)};
    }
    return std::nullopt;
  }

  unsigned define(const std::string& name, SlotLoad::Kind kind, Reference outer = {}) {
    unsigned slot = slots.emplace(name, static_cast<unsigned>(slots.size())).first->second;
    state.references.insert(name);
    state.loads[slot] = {slot, kind, name, outer};
    return slot;
  }

  void load(const std::string& name) {
    if (!find(name)) define(name, SlotLoad::resolve);
  }

  void store(const std::string& name) {
    state.stores.insert(name);
    if (state.references.count(name) == 0) define_from_outside(name, SlotLoad::undefined);
  }

  /// An alias of the outer variable of that name, or `otherwise` where there is none.
  void define_from_outside(const std::string& name, SlotLoad::Kind otherwise) {
    auto outer = parent == nullptr ? std::nullopt : parent->find(name);
    define(name, outer ? SlotLoad::alias : otherwise, outer.value_or(Reference{}));
  }

  unsigned parameter(const std::string& name) {
    state.stores.insert(name);
    return define(name, SlotLoad::parameter);
  }

  void merge_branches(std::vector<State> branches) {
    std::set<std::string> stored;
    for (const State& branch : branches) {
      for (const std::string& name : branch.stores) {
        if (state.stores.count(name) == 0) stored.insert(name);
      }
    }
    for (State& branch : branches) {
      state.references.merge(branch.references);
      state.stores.merge(branch.stores);
      for (auto& [slot, load] : branch.loads) state.loads[slot] = load;
    }
    for (const std::string& name : stored) define_from_outside(name, SlotLoad::resolve);
  }

  Layout layout() const {
    Layout result;
    result.names.resize(slots.size());
    for (const auto& [name, slot] : slots) result.names[slot] = name;
    for (const auto& [slot, load] : state.loads) result.loads.push_back(load);
    return result;
  }
};

/// Adds the names of one scope to `symbols`; it stops at the scopes inside. `copied` counts what has been
/// copied at branches, so that no template can make it much.
void collect_names(Symbols& symbols, Body& body, std::size_t& copied);
void collect_names(Symbols& symbols, Expression& expression, std::size_t& copied);

}  // namespace realizar::text::jinja
