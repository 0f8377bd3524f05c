"""Memory that bodies are received into: never given to two at once, and bounded."""

import weakref
from contextlib import ExitStack

from avatar_async._transport.blocks import Blocks, BlockShares


def test_a_block_is_used_again_only_once_it_is_released():
    """A view that is still being written must not get other bytes."""
    blocks = Blocks(BlockShares())
    first = blocks.take(1000)
    first[:3] = b"one"
    view = blocks.lend(first, 3)
    assert blocks.take(1000) is not first
    assert bytes(view) == b"one"
    view.release()
    assert blocks.take(1000) is first


def test_many_bodies_share_the_memory_for_blocks():
    """A hundred downloads must not take a hundred times the memory of one."""
    shares = BlockShares()
    lengths = [shares.most_bytes]
    with shares.engaged():
        lengths.append(shares.most_bytes)
        with ExitStack() as stack:
            for _ in range(15):
                stack.enter_context(shares.engaged())
            lengths.append(shares.most_bytes)
            for _ in range(200):
                stack.enter_context(shares.engaged())
            lengths.append(shares.most_bytes)
        assert shares.most_bytes == 512 << 10
    assert lengths == [512 << 10, 512 << 10, 128 << 10, 64 << 10]


def test_a_block_that_a_body_left_is_used_again_only_once_it_is_released():
    """The last bytes of a body are still being written when the next body begins."""
    shares = BlockShares()
    blocks = Blocks(shares)
    first = blocks.take(1000)
    view = blocks.lend(first, 3)
    blocks.close()
    assert Blocks(shares).take(1000) is not first
    view.release()
    assert Blocks(shares).take(1000) is first


def test_readers_that_never_release_what_they_got_do_not_fill_the_memory():
    """Downloads are cancelled while others go on, perhaps for days."""
    shares = BlockShares()
    gone = []
    with shares.engaged():
        for _ in range(300):
            blocks = Blocks(shares)
            block = blocks.take(1000)
            gone.append(weakref.ref(blocks.lend(block, 3)))
            blocks.close()
            del blocks, block
        assert sum(view() is not None for view in gone) <= 32


def test_the_block_that_was_used_last_is_used_first():
    """Its memory is there already."""
    shares = BlockShares()
    blocks = Blocks(shares)
    pair = [blocks.take(1000), blocks.take(1000)]
    for block in pair:
        blocks.lend(block, 1).release()
    assert blocks.take(1000) is pair[1]
    assert blocks.take(1000) is pair[0]


def test_only_a_few_blocks_are_kept_while_no_body_runs():
    """An application that has downloaded for an hour gets its memory back."""
    shares = BlockShares()
    with shares.engaged():
        blocks = Blocks(shares)
        taken = [blocks.take(1000) for _ in range(20)]
        lent = [blocks.lend(block, 1) for block in taken[:12]]
        for block in taken[12:]:
            blocks.give(block)
        blocks.close()
    for view in lent:
        view.release()
    known = {id(block) for block in taken}
    kept = [block for block in (shares.take(1000) for _ in range(20)) if id(block) in known]
    assert len(kept) == 8
