#include "model/kv_pages.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <numeric>

#include "realizar/error.hpp"

namespace realizar::model {
namespace {

using Copies = std::vector<KvPages::Copy>;

std::vector<int32_t> count_up(int32_t n, int32_t from = 0) {
  std::vector<int32_t> tokens(static_cast<size_t>(n));
  std::iota(tokens.begin(), tokens.end(), from);
  return tokens;
}

/// Appends and commits, as around a batch.
void append(KvPages& pages, int32_t sequence, const std::vector<int32_t>& tokens) {
  Copies copies;
  ASSERT_TRUE(pages.extend(sequence, tokens, copies));
  ASSERT_TRUE(copies.empty());
  pages.commit(sequence);
}

TEST(KvPages, GivesAPageForEveryFewPositions) {
  KvPages pages(4, 8);
  const int32_t s = pages.create();
  append(pages, s, count_up(8));
  EXPECT_EQ(pages.page_table(s).size(), 1u);
  append(pages, s, {8});
  EXPECT_EQ(pages.page_table(s).size(), 2u);
  EXPECT_EQ(pages.n_available(), 2);
  pages.release(s);
  EXPECT_EQ(pages.n_available(), 4);
}

TEST(KvPages, SaysWhenThereIsNoRoomAndChangesNothing) {
  KvPages pages(2, 8);
  const int32_t s = pages.create();
  append(pages, s, count_up(9));
  Copies copies;
  EXPECT_FALSE(pages.extend(s, count_up(8), copies));
  EXPECT_EQ(pages.tokens(s).size(), 9u);
  EXPECT_EQ(pages.page_table(s).size(), 2u);
  EXPECT_TRUE(pages.extend(s, count_up(7), copies));
}

TEST(KvPages, RoomMadeAheadIsFilledLaterAndGoesWithTheSequence) {
  KvPages pages(5, 8);
  const int32_t s = pages.create();
  append(pages, s, count_up(7));
  Copies copies;
  EXPECT_FALSE(pages.make_room(s, 34, copies));
  ASSERT_TRUE(pages.make_room(s, 10, copies));
  const std::vector<int32_t> table(pages.page_table(s).begin(), pages.page_table(s).end());
  EXPECT_EQ(table.size(), 3u);
  append(pages, s, count_up(9, 7));
  EXPECT_EQ(std::vector<int32_t>(pages.page_table(s).begin(), pages.page_table(s).end()), table);
  const int32_t fork = pages.fork(s);
  EXPECT_EQ(pages.page_table(fork).size(), 2u) << "without the room of the other";
  pages.truncate(s, 16);
  EXPECT_EQ(pages.page_table(s).size(), 2u);
  ASSERT_TRUE(pages.make_room(s, 17, copies));
  EXPECT_EQ(pages.n_available(), 0);
  pages.release(s);
  pages.release(fork);
  EXPECT_EQ(pages.n_available(), 5);
}

TEST(KvPages, AForkSharesPagesUntilOneWrites) {
  KvPages pages(4, 8);
  const int32_t a = pages.create();
  append(pages, a, count_up(12));
  const int32_t b = pages.fork(a);
  EXPECT_EQ(pages.n_available(), 2);
  const int32_t shared = pages.page_table(a)[1];
  Copies copies;
  ASSERT_TRUE(pages.extend(b, std::vector<int32_t>{99}, copies));
  EXPECT_EQ(copies, (Copies{{shared, pages.page_table(b)[1]}}));
  EXPECT_EQ(pages.page_table(a)[1], shared);
  EXPECT_EQ(pages.page_table(a)[0], pages.page_table(b)[0]);
  EXPECT_EQ(pages.n_available(), 1);
  append(pages, a, {98});  // alone on its page again: nothing to copy
}

TEST(KvPages, AFollowUpPromptFindsThePagesOfItsBeginning) {
  KvPages pages(8, 8);
  const int32_t a = pages.create();
  append(pages, a, count_up(20));
  const std::vector<int32_t> first_two(pages.page_table(a).begin(), pages.page_table(a).begin() + 2);
  pages.release(a);

  const int32_t b = pages.create();
  EXPECT_EQ(pages.reuse_prefix(b, count_up(30), 29), 16u);
  EXPECT_EQ(std::vector<int32_t>(pages.page_table(b).begin(), pages.page_table(b).end()), first_two);
  const int32_t c = pages.create();
  EXPECT_EQ(pages.reuse_prefix(c, count_up(16), 15), 8u) << "no more than the limit";
  const int32_t d = pages.create();
  EXPECT_EQ(pages.reuse_prefix(d, count_up(16, 8), 16), 0u)
      << "the same tokens at other positions are something else";
}

TEST(KvPages, WhatIsNotCommittedIsNotFound) {
  KvPages pages(8, 8);
  const int32_t a = pages.create(), b = pages.create();
  Copies copies;
  ASSERT_TRUE(pages.extend(a, count_up(8), copies));
  EXPECT_EQ(pages.reuse_prefix(b, count_up(8), 8), 0u);
  pages.commit(a);
  EXPECT_EQ(pages.reuse_prefix(b, count_up(8), 8), 8u);
}

TEST(KvPages, UnusedContentsMakeRoomTheLongestUnusedFirst) {
  KvPages pages(3, 8);
  for (const int32_t from : {0, 100, 200}) {
    const int32_t s = pages.create();
    append(pages, s, count_up(8, from));
    pages.release(s);
  }
  const int32_t s = pages.create();
  append(pages, s, count_up(1, 300));
  const auto found = [&](int32_t from) {
    const int32_t t = pages.create();
    const size_t n = pages.reuse_prefix(t, count_up(8, from), 8);
    pages.release(t);
    return n;
  };
  EXPECT_EQ(found(0), 0u);
  EXPECT_EQ(found(100), 8u);
  EXPECT_EQ(found(200), 8u);
}

TEST(KvPages, WritingAfterTruncationDoesNotChangeWhatOthersFind) {
  KvPages pages(8, 8);
  const int32_t a = pages.create();
  append(pages, a, count_up(16));
  pages.truncate(a, 12);
  append(pages, a, count_up(4, 500));
  const int32_t b = pages.create();
  EXPECT_EQ(pages.reuse_prefix(b, count_up(16), 16), 8u);
}

TEST(KvPages, RefusesAnUnknownSequence) {
  KvPages pages(1, 8);
  EXPECT_THROW(pages.tokens(0), Error);
  EXPECT_THROW(pages.release(-1), Error);
  EXPECT_THROW(KvPages(0, 8), Error);
}

TEST(KvPages, BytesOfAPage) {
  const fusion::KvShape layer{.n_kv_heads = 3, .key_dim = 64, .value_dim = 64};
  const std::vector<fusion::KvShape> layers(30, layer);
  EXPECT_EQ(kv_page_bytes(layers, fusion::KvType::f16), 30u * 64 * 3 * 128 * 2);
  EXPECT_EQ(kv_page_bytes(layers, fusion::KvType::f32), 30u * 64 * 3 * 128 * 4);
  EXPECT_EQ(kv_page_bytes(layers, fusion::KvType::q8_0), 30u * 64 * 3 * 4 * 34);
}

/// Any sequence of operations beside a model that stores, at each position, all tokens up to there: as a
/// device would compute keys and values. Every sequence must find its own in its pages.
TEST(KvPages, AnyOperationsKeepEverySequenceIntact) {
  EXPECT_TRUE(rc::check([] {
    constexpr int32_t n_pages = 12, page_positions = 4;
    KvPages pages(n_pages, page_positions);
    std::vector<std::vector<std::vector<int32_t>>> stored(n_pages,
                                                          std::vector<std::vector<int32_t>>(page_positions));
    std::map<int32_t, std::vector<int32_t>> live;
    const auto cell = [&](int32_t s, size_t position) -> std::vector<int32_t>& {
      return stored[static_cast<size_t>(pages.page_table(s)[position / page_positions])]
                   [position % page_positions];
    };
    const auto pick = [&] {
      auto it = live.begin();
      std::advance(it, *rc::gen::inRange<size_t>(0, live.size()));
      return it->first;
    };
    const auto tokens = rc::gen::resize(14, rc::gen::container<std::vector<int32_t>>(rc::gen::inRange(0, 2)));
    const int n_operations = *rc::gen::inRange(0, 60);
    for (int i = 0; i < n_operations; ++i) {
      const int operation = live.empty() ? 0 : *rc::gen::inRange(0, 8);
      if (operation == 0) {
        const int32_t s = pages.create();
        RC_ASSERT(live.count(s) == 0u);
        const auto prompt = *tokens;
        const size_t n = pages.reuse_prefix(s, prompt, prompt.size());
        live[s] = {prompt.begin(), prompt.begin() + static_cast<ptrdiff_t>(n)};
      } else if (operation == 1) {
        const int32_t s = pick();
        const int32_t f = pages.fork(s);
        RC_ASSERT(live.count(f) == 0u);
        live[f] = live[s];
      } else if (operation == 2) {
        const int32_t s = pick();
        pages.release(s);
        live.erase(s);
      } else if (operation == 3) {
        const int32_t s = pick();
        const size_t n = *rc::gen::inRange<size_t>(0, live[s].size() + 1);
        pages.truncate(s, n);
        live[s].resize(n);
      } else {
        const int32_t s = pick();
        const auto more = *tokens;
        Copies copies;
        const int32_t available = pages.n_available();
        if (!pages.extend(s, more, copies)) {
          RC_ASSERT(available <= static_cast<int32_t>(more.size() / page_positions + 1));
        } else {
          for (const auto& [from, to] : copies)
            stored[static_cast<size_t>(to)] = stored[static_cast<size_t>(from)];
          for (const int32_t token : more) {
            live[s].push_back(token);
            cell(s, live[s].size() - 1) = live[s];
          }
          pages.commit(s);
        }
      }
      std::map<int32_t, int> held;
      for (const auto& [s, expected] : live) {
        RC_ASSERT(std::vector<int32_t>(pages.tokens(s).begin(), pages.tokens(s).end()) == expected);
        RC_ASSERT(static_cast<int32_t>(pages.page_table(s).size()) == pages.pages_for(expected.size()));
        for (size_t p = 0; p < expected.size(); ++p)
          RC_ASSERT(cell(s, p) ==
                    std::vector<int32_t>(expected.begin(), expected.begin() + static_cast<ptrdiff_t>(p) + 1));
        for (const int32_t page : pages.page_table(s)) ++held[page];
      }
      RC_ASSERT(pages.n_available() == n_pages - static_cast<int32_t>(held.size()));
    }
    for (const auto& [s, expected] : live) pages.release(s);
    RC_ASSERT(pages.n_available() == n_pages);
    // All of it can still be used.
    Copies copies;
    RC_ASSERT(pages.extend(pages.create(), std::vector<int32_t>(n_pages * page_positions, 7), copies));
  }));
}

}  // namespace
}  // namespace realizar::model
