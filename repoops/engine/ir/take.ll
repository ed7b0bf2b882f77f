define internal void @<<name>>(ptr %ctx, i32 %site, i32 %mask, <32 x i32> %to, <32 x i64> %from, <32 x i32> %length) noinline {
entry:
  %froms = alloca <32 x i64>
  %lengths = alloca <32 x i32>
  %data = call ptr @async_entry(ptr %ctx, i32 %site, i32 <<size>>, i32 %mask, <32 x i32> %to)
  store <32 x i64> %from, ptr %froms
  %same = icmp eq <32 x i32> %length, splat (i32 <<size>>)
  %same.w = bitcast <32 x i1> %same to i32
  %every = icmp eq i32 %same.w, -1
  br i1 %every, label %whole, label %part
whole:
<<lanes>>
  ret void
part:
  store <32 x i32> %length, ptr %lengths
  call void @llvm.memset.p0.i64(ptr align 1 %data, i8 0, i64 <<bytes>>, i1 false)
  br label %lane
lane:
  %l = phi i64 [0, %part], [%l1, %lane]
  %from.at = getelementptr i64, ptr %froms, i64 %l
  %f = load i64, ptr %from.at
  %p = inttoptr i64 %f to ptr
  %length.at = getelementptr i32, ptr %lengths, i64 %l
  %n = load i32, ptr %length.at
  %n64 = zext i32 %n to i64
  %o = mul i64 %l, <<size>>
  %d = getelementptr i8, ptr %data, i64 %o
  call void @llvm.memcpy.p0.p0.i64(ptr align 1 %d, ptr align 1 %p, i64 %n64, i1 false)
  %l1 = add i64 %l, 1
  %more = icmp ult i64 %l1, 32
  br i1 %more, label %lane, label %end
end:
  ret void
}
