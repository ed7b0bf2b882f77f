define internal void @report(ptr %ctx, i32 %site, i32 %kind, i32 %mask, <32 x i64> %address, i64 %other) cold noinline {
  %lanes = call i32 @llvm.ctpop.i32(i32 %mask)
  %lanes64 = zext i32 %lanes to i64
  <<field hits ptr hits>>
  %row = mul i32 %site, <<KINDS>>
  %cell = add i32 %row, %kind
  %cell64 = zext i32 %cell to i64
  %hit.at = getelementptr i64, ptr %hits, i64 %cell64
  %before = load i64, ptr %hit.at
  %now = add i64 %before, %lanes64
  store i64 %now, ptr %hit.at
  <<field record_used i64 used>>
  <<field record_room i64 room>>
  %first = icmp eq i64 %before, 0
  %space = icmp ult i64 %used, %room
  %keep = and i1 %first, %space
  br i1 %keep, label %write, label %end
write:
  <<field records ptr records>>
  <<field block i64 block>>
  <<field current i64 current>>
  %o = mul i64 %used, <<RECORD_SIZE>>
  %r = getelementptr i8, ptr %records, i64 %o
  store i32 %site, ptr %r
  %r4 = getelementptr i8, ptr %r, i64 4
  store i32 %kind, ptr %r4
  %lane = call i32 @llvm.cttz.i32(i32 %mask, i1 false)
  %lane5 = and i32 %lane, 31
  %a = extractelement <32 x i64> %address, i32 %lane5
  %r8 = getelementptr i8, ptr %r, i64 8
  store i64 %a, ptr %r8
  %r16 = getelementptr i8, ptr %r, i64 16
  store i64 %other, ptr %r16
  %r24 = getelementptr i8, ptr %r, i64 24
  store i64 %block, ptr %r24
  %current32 = trunc i64 %current to i32
  %base = mul i32 %current32, 32
  %thread = add i32 %base, %lane5
  %r32 = getelementptr i8, ptr %r, i64 32
  store i32 %thread, ptr %r32
  %r36 = getelementptr i8, ptr %r, i64 36
  store i32 %lanes, ptr %r36
  %used1 = add i64 %used, 1
  store i64 %used1, ptr %used.at
  br label %end
end:
  ret void
}
